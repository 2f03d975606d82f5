"""What an account keeps beside its databases. Nothing here knows of sessions or statements."""
