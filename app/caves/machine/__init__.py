"""The whole pipeline on one machine: the only part of `caves` that starts the local account.

- `up` and `demo` are what the two commands do; `programs` starts what both consist of;
- `supervision` starts and ends programs, and `watchdog` ends them where `caves` itself was killed:
  a file of its own, since it is run by a Python that imports nothing of the project;
- `broker` is Tansu and what all brokers have in common, `apache_kafka` the other kind, and
  `security` its listeners with TLS and passwords.
"""
