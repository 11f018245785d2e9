"""Acts: panic button, radio, display power, badge, lamp and sounder, each with its simulated twin."""
