"""Tasks and alerts: definitions, graphs, schedulers, runs and their histories."""
