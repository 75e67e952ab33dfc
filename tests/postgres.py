"""placeholder until the real one."""
