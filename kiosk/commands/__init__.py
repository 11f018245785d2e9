"""The command line's words for the records and for a running kiosk; `kiosk.cli` mounts them."""
