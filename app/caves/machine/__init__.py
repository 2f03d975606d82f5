"""The whole pipeline on one machine: the only part of `caves` that starts the local account.

- `up` and `demo` are the two commands; `programs` starts what both consist of;
- `supervision` starts and ends programs, and `watchdog` ends them where `caves` itself was killed;
- `broker` is Tansu and what all brokers have in common, `apache_kafka` the other kind, with
  `certificates`.
"""
