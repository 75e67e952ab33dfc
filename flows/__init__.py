"""Everything Prefect: scheduled flows over the ticks, each outside call a retried task."""
