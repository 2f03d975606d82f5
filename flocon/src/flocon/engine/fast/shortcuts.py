"""Macros that ask first for what most values are, each beside the form that does without.

The shortcut decides for most values, at a fraction of the price; what it leaves undecided goes the
plain way.
"""

# A number of many digits, with an exponent, close to zero or not finite.
_MARKED = (
    r"\s*[-+]?([0-9.]{{17,}}|[0-9.]+[eE]|0[.]0000"
    r"|([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)\s*([,}}\]]|$))"
)
# An element of an array that is neither a text nor an object nor an array, or is none.
_ELEMENTS = r"\[\s*[^\"{{\[\]\s]", r",\s*[^\"{{\[\s]"
_IS_MOMENT = (
    r"(regexp_matches(x, '^\s*[0-9]') AND NOT regexp_matches(x, '^\s*[0-9]{{1,3}}/')"
    r" AND NOT regexp_matches(x, ':.* [A-Za-z]|[ Tt]24(:|\s*$)'))"
)
# Signature, the form with a shortcut, the plain form. Braces are doubled as in `macros`.
_FORMS = (
    # Is there a value that the engine's JSON would not tell (`core.variant_marks`)? The plain form
    # lets Python read every document. A pattern that begins with a letter is found in a third of
    # the time, so the numbers that have a colon before them are looked for first, and those in
    # arrays where there are such.
    (
        "_account_has_marks(x)",
        f"regexp_matches(x, ':{_MARKED}') OR CASE WHEN NOT contains(x, '[')"
        f" THEN NOT prefix(x, '{{{{') AND regexp_matches(x, '^{_MARKED}')"
        f" WHEN regexp_matches(x, '{_ELEMENTS[0]}') OR regexp_matches(x, '{_ELEMENTS[1]}')"
        rf" THEN regexp_matches(x, '[:,\[]{_MARKED}|,\s*\]|undefined') ELSE false END",
        "x IS NOT NULL",
    ),
    # A text without blanks around it, NULL where nothing is left. TRIM reads all of a text; a bind
    # may be millions of characters long, and is only read where it ends with a blank. What begins
    # with a sign behind the blank has none before it.
    (
        "_account_trimmed(x)",
        "CASE WHEN suffix(x, ' ') THEN nullif(trim(x, ' '), '') WHEN x >= '!' THEN x"
        " ELSE nullif(ltrim(x, ' '), '') END",
        "nullif(trim(x, ' '), '')",
    ),
    # Python reads each document. An object that has no other one in it is known by its keys, and
    # most documents of a column have the same ones: those are looked at once.
    *(
        (
            f"_account{name}_has_keys_once(x)",
            "CASE WHEN NOT contains(x, '{{') THEN true"
            f" WHEN NOT prefix(x, '{{{{') OR x LIKE '%{{{{%{{{{%' THEN {plain}(x)"
            " WHEN _account_differ(array_to_string(TRY(json_keys(x)), '\"')) THEN true"
            f" ELSE {plain}(x) END",
            f"{plain}(x)",
        )
        for name, plain in (
            ("", "_account_document_has_keys_once"),
            ("_try", "_account_try_document_has_keys_once"),
        )
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
    # The engine also reads 1/2/24, as a day of the year 1, the name of a time zone behind a blank,
    # for which it takes PM, and 24:00, as the next day.
    (
        "_account_is_moment(x)",
        "(x >= '0' AND x < ':' AND NOT contains(x, '/') AND NOT contains(x, '24:')"
        f" AND (x NOT LIKE '%:% %' OR x LIKE '%:% +%' OR x LIKE '%:% -%')) OR {_IS_MOMENT}",
        _IS_MOMENT,
    ),
)


def macros(*, fast: bool) -> tuple[str, ...]:
    """Their definitions, in one form or the other."""
    return tuple(f"{signature} AS {quick if fast else plain}" for signature, quick, plain in _FORMS)
