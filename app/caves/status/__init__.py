"""What `caves status` tells, one noun a module."""
