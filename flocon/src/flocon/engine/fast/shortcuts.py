"""Macros that ask first for what most values are, each beside the form that does without.

The shortcut decides for most values, at a fraction of the price; what it leaves undecided goes the
plain way.
"""

# Signature, the form with a shortcut, the plain form. Braces are doubled as in `macros`.
_FORMS = (
    # Is there a number that DuckDB would not keep as it was written (`json_numbers`)? The plain
    # form lets Python read every document.
    (
        "_account_long_number(x)",
        "regexp_matches(CAST(x AS VARCHAR), '(^|[:,\\[])\\s*-?([0-9.]{{17,}}|[0-9.]+[eE])')",
        "true",
    ),
    # The same for documents in which numbers mostly have a colon before them: a pattern that begins
    # with a letter is found in a quarter of the time, and an array is rare.
    (
        "_account_has_long_number(x)",
        "regexp_matches(CAST(x AS VARCHAR), ':\\s*-?([0-9.]{{17,}}|[0-9.]+[eE])')"
        " OR CASE WHEN prefix(x, '{{') AND x NOT LIKE '%[%' THEN false"
        " ELSE _account_long_number(x) END",
        "true",
    ),
    # A text without blanks around it, NULL where nothing is left. TRIM reads all of a text; a bind
    # may be millions of characters long, and is only read where it ends with a blank.
    (
        "_account_trimmed(x)",
        "CASE WHEN suffix(x, ' ') THEN nullif(trim(x), '') ELSE nullif(ltrim(x), '') END",
        "nullif(trim(x), '')",
    ),
    # What begins with a sign of ASCII is not blank, and is not trimmed to see it.
    (
        "_account_is_blank(x)",
        "CASE WHEN x >= '!' AND x < '~' THEN false ELSE trim(x, ' ') = '' END",
        "trim(x, ' ') = ''",
    ),
    # What LIKE and a comparison tell costs less than a pattern.
    (
        "_account_is_epoch(x)",
        "x NOT LIKE '%:%' AND regexp_full_match(trim(x), '-?[0-9]+')",
        "regexp_full_match(trim(x), '-?[0-9]+')",
    ),
    (
        "_account_is_moment(x)",
        "(x >= '0' AND x < ':') OR regexp_matches(x, '^\\s*[0-9]')",
        "regexp_matches(x, '^\\s*[0-9]')",
    ),
)


def macros(*, fast: bool) -> tuple[str, ...]:
    """Their definitions, in one form or the other."""
    return tuple(f"{signature} AS {quick if fast else plain}" for signature, quick, plain in _FORMS)
