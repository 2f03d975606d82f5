"""What `caves bootstrap` and `caves deploy` do with an account, from the outside in.

- `deploy` carries a deployment out: `plan` says what would change, `steps` are the calls of `snow`,
  `checks` come before and after;
- `plan` compares three things: `desired_state` is what the project declares, `live` is what the
  account has, `log` is what earlier deployments recorded there;
- `bootstrap` is the administrator's part; `warehouse` says who made the warehouse, and its price.
"""
