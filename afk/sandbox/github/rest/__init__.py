"""Answer the REST routes."""
