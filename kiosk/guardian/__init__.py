"""The authority: one process that holds the session, the browser, the door, the log and the outbox."""
