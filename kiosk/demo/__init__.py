"""`kiosk try`: the whole kiosk on any machine, with simulated hardware and a small internet of its own."""
