"""One module per command, or per pair: flags (`add_to`), the call, the output, the exit code."""
