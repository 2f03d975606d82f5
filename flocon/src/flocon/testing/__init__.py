"""What tests of programs that use an account need besides one: `snow` without its start, key pairs,
processes that are sooner started."""
