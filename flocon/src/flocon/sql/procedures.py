"""CREATE, ALTER, DROP and DESCRIBE PROCEDURE: tokens in, dataclasses out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flocon.core import errors
from flocon.sql.datatypes import DataType, data_type
from flocon.sql.tokens import Name, Tokens

RUNTIMES = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")

_NOT_HERE = (
    "ARTIFACT_REPOSITORY",
    "EXTERNAL_ACCESS_INTEGRATIONS",
    "RESOURCE_CONSTRAINT",
    "SECRETS",
    "TARGET_PATH",
)


@dataclass(frozen=True)
class Argument:
    """A declared argument; `default` is the text of its expression."""

    name: str
    type: DataType
    default: str | None = None


@dataclass(frozen=True)
class CreateProcedure:
    """CREATE PROCEDURE with every clause in its place, whatever their order was."""

    name: Name
    arguments: tuple[Argument, ...]
    returns: DataType
    replaces: bool = False
    alters: bool = False
    copies_grants: bool = False
    if_not_exists: bool = False
    temporary: bool = False
    secure: bool = False
    handler: str = ""
    runtime_version: str = ""
    imports: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    body: str | None = None
    comment: str = ""
    execute_as: str = "OWNER"
    strict: bool = False
    volatility: str = "VOLATILE"

    @property
    def mode(self) -> str:
        """CREATE, REPLACE or ALTER, which replaces as well, but keeps owner and grants."""
        return "ALTER" if self.alters else "REPLACE" if self.replaces else "CREATE"


@dataclass(frozen=True)
class Signature:
    """A procedure's name with its argument types, as DROP and DESCRIBE name it."""

    name: Name
    types: tuple[DataType, ...]
    if_exists: bool = False


@dataclass(frozen=True)
class AlterProcedure:
    """ALTER PROCEDURE: what is None stays."""

    signature: Signature
    comment: str | None = None
    execute_as: str | None = None
    new_name: Name | None = None


def create_procedure(tokens: Tokens) -> CreateProcedure:
    """CREATE [OR REPLACE] [TEMPORARY] [SECURE] PROCEDURE [IF NOT EXISTS] name(…) clauses."""
    tokens.expect("CREATE")
    alters = tokens.accept("OR", "ALTER")
    replaces = alters or tokens.accept("OR", "REPLACE")
    temporary = tokens.accept("TEMPORARY") or tokens.accept("TEMP")
    secure = tokens.accept("SECURE")
    tokens.expect("PROCEDURE")
    if_not_exists = tokens.accept("IF", "NOT", "EXISTS")
    if replaces and if_not_exists:
        raise errors.compilation(
            errors.SYNTAX, "options IF NOT EXISTS and OR REPLACE are incompatible."
        )
    statement = CreateProcedure(
        tokens.name(),
        _arguments(tokens),
        DataType("VARIANT"),
        replaces=replaces,
        alters=alters,
        if_not_exists=if_not_exists,
        temporary=temporary,
        secure=secure,
    )
    return _clauses(tokens, statement)


def drop_procedure(tokens: Tokens) -> Signature:
    tokens.expect("DROP", "PROCEDURE")
    statement = procedure_signature(tokens)
    tokens.end()
    return statement


def describe_procedure(tokens: Tokens) -> Signature:
    tokens.next()  # DESCRIBE or DESC
    tokens.expect("PROCEDURE")
    statement = procedure_signature(tokens)
    tokens.end()
    return statement


def alter_procedure(tokens: Tokens) -> AlterProcedure:
    """ALTER PROCEDURE name(types) SET COMMENT = '…' | UNSET COMMENT | EXECUTE AS … | RENAME TO …"""
    tokens.expect("ALTER", "PROCEDURE")
    signature = procedure_signature(tokens)
    if tokens.accept("SET", "COMMENT"):
        tokens.expect("=")
        statement = AlterProcedure(signature, comment=tokens.string())
    elif tokens.accept("UNSET", "COMMENT"):
        statement = AlterProcedure(signature, comment="")
    elif tokens.accept("EXECUTE", "AS"):
        statement = AlterProcedure(signature, execute_as=_rights(tokens))
    elif tokens.accept("RENAME", "TO"):
        statement = AlterProcedure(signature, new_name=tokens.name())
    else:
        raise tokens.unexpected()
    tokens.end()
    return statement


def comment_on_procedure(tokens: Tokens) -> AlterProcedure:
    """COMMENT [IF EXISTS] ON PROCEDURE name(types) IS '…'."""
    tokens.expect("COMMENT")
    if_exists = tokens.accept("IF", "EXISTS")
    tokens.expect("ON", "PROCEDURE")
    signature = replace(procedure_signature(tokens), if_exists=if_exists)
    tokens.expect("IS")
    statement = AlterProcedure(signature, comment=tokens.string())
    tokens.end()
    return statement


def _arguments(tokens: Tokens) -> tuple[Argument, ...]:
    tokens.expect("(")
    arguments: list[Argument] = []
    while not tokens.accept(")"):
        if arguments:
            tokens.expect(",")
        argument = _argument(tokens)
        if arguments and arguments[-1].default is not None and argument.default is None:
            raise errors.compilation(
                errors.SYNTAX, "Required arguments must come before those with a default value."
            )
        arguments.append(argument)
    return tuple(arguments)


def _argument(tokens: Tokens) -> Argument:
    name = tokens.name()
    if name.schema:
        raise tokens.unexpected()
    if tokens.accept("OUT") or tokens.accept("INOUT"):
        raise errors.unsupported("output arguments")
    kind = data_type(tokens)
    default = tokens.until(",", ")") if tokens.accept("DEFAULT") else None
    return Argument(name.name, kind, default)


def procedure_signature(tokens: Tokens) -> Signature:
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    tokens.expect("(")
    types: list[DataType] = []
    while not tokens.accept(")"):
        if types:
            tokens.expect(",")
        types.append(data_type(tokens))
    return Signature(name, tuple(types), if_exists)


def _clauses(tokens: Tokens, statement: CreateProcedure) -> CreateProcedure:
    """The clauses in any order; RETURNS, LANGUAGE, HANDLER and RUNTIME_VERSION must be there."""
    seen: set[str] = set()
    while not tokens.done:
        clause = _clause_name(tokens)
        if clause in seen:
            raise errors.compilation(errors.DUPLICATE_PARAMETER, f"duplicate property '{clause}'")
        seen.add(clause)
        statement = replace(statement, **_CLAUSES[clause](tokens))
        if clause == "AS":
            tokens.end()
    for clause in ("RETURNS", "LANGUAGE", "RUNTIME_VERSION", "PACKAGES", "HANDLER"):
        if clause not in seen:
            raise errors.compilation(errors.INVALID_PROPERTY, f"Missing option(s): [{clause}]")
    return statement


def _clause_name(tokens: Tokens) -> str:
    if tokens.accept("RETURNS", "NULL", "ON", "NULL", "INPUT"):
        return "STRICT"
    for clause in _NOT_HERE:
        if tokens.peek(clause):
            raise errors.unsupported(clause)
    for clause in _CLAUSES:
        if tokens.accept(*clause.split()):
            return clause
    raise tokens.unexpected()


def _returns(tokens: Tokens) -> dict[str, Any]:
    if tokens.peek("TABLE"):
        raise errors.unsupported("RETURNS TABLE")
    kind = data_type(tokens)
    tokens.accept("NOT", "NULL")
    return {"returns": kind}


def _language(tokens: Tokens) -> dict[str, Any]:
    language = tokens.word()
    if language != "PYTHON":
        raise errors.unsupported(f"LANGUAGE {language}")
    return {}


def _runtime(tokens: Tokens) -> dict[str, Any]:
    tokens.expect("=")
    version = tokens.value()
    if version not in RUNTIMES:
        raise errors.compilation(
            errors.INVALID_PROPERTY,
            f"Python runtime version '{version}' is not supported. "
            f"Supported versions: {', '.join(RUNTIMES)}.",
        )
    return {"runtime_version": version}


def _rights(tokens: Tokens) -> str:
    if tokens.accept("RESTRICTED"):
        raise errors.unsupported("EXECUTE AS RESTRICTED CALLER")
    word = tokens.word()
    if word not in ("CALLER", "OWNER"):
        raise errors.syntax(0, word)
    return word


def _text(tokens: Tokens) -> str:
    tokens.expect("=")
    return tokens.string()


def _list(tokens: Tokens) -> tuple[str, ...]:
    tokens.expect("=", "(")
    values: list[str] = []
    while not tokens.accept(")"):
        if values:
            tokens.expect(",")
        values.append(tokens.string())
    return tuple(values)


_CLAUSES: dict[str, Callable[[Tokens], dict[str, Any]]] = {
    "COPY GRANTS": lambda tokens: {"copies_grants": True},
    "RETURNS": _returns,
    "LANGUAGE": _language,
    "RUNTIME_VERSION": _runtime,
    "PACKAGES": lambda tokens: {"packages": _list(tokens)},
    "IMPORTS": lambda tokens: {"imports": _list(tokens)},
    "HANDLER": lambda tokens: {"handler": _text(tokens)},
    "COMMENT": lambda tokens: {"comment": _text(tokens)},
    "EXECUTE AS": lambda tokens: {"execute_as": _rights(tokens)},
    "STRICT": lambda tokens: {"strict": True},
    "CALLED ON NULL INPUT": lambda tokens: {"strict": False},
    "VOLATILE": lambda tokens: {"volatility": "VOLATILE"},
    "IMMUTABLE": lambda tokens: {"volatility": "IMMUTABLE"},
    "AS": lambda tokens: {"body": tokens.string()},
}
