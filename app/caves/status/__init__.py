"""What `caves status` shows: `page` is how a `snapshot` looks, whose parts are `readings`."""
