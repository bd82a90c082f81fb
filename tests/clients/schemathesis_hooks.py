"""What schemathesis finds and is no fault, by name, each with its reason."""

from urllib.parse import parse_qs, unquote, urlsplit

import schemathesis

# The spellings of `permanent` that django-timestampable has. The document names one for each meaning.
SPELLINGS = set("t y yes true on 1 f n no false off 0 null".split()) | {""}


@schemathesis.hook
def filter_failure(context, failure, case, response) -> bool:
    """Whether a failure stays one."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    kind = problem.get("type", "").rpartition(":")[2] if isinstance(problem, dict) else ""
    query = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    match (failure.code, response.status_code, kind):
        # It fits its schema and is refused.
        case ("ST202", 400, "bad-request"):
            fields = {error["field"] for error in problem.get("errors", [])}
            # No schema says that a text is without NUL.
            if "\0" in unquote(response.request.url):
                return False
            # A cursor belongs to a list, its filters and its order; an instant must have come.
            # No schema says so.
            if fields and fields <= {"cursor", "as_of"}:
                return False
            # Which version a row is brought back to must be said if the row is there.
            if fields == {"to"} and "to" not in query:
                return False
            # `coverage` sends 0 in a header that has a pattern, whatever the pattern is.
            return case.headers.get("if-match") != "0"
        # To JSON Schema 1.0 is an integer; and no schema says that a text is without NUL.
        case ("ST202", 422, "invalid"):
            known = ["invalid type: floating point", "holds a NUL"]
            return not any(part in response.text for part in known)
        # It makes few keys, and sends them with one request after the other.
        case ("ST202", 422, "idempotency-key-reused"):
            return False
        # An instant before recording began.
        case ("ST202", 410, "before-history"):
            return False
        # A version, or a plan, that is not the one of now.
        case ("ST202", 412, "precondition-failed"):
            return False
        # It does not fit its schema and is taken.
        case ("ST201", 200 | 204, _):
            # Of several the last one counts, as in django-timestampable.
            given = {value.lower() for value in query.get("permanent", [])}
            return not ("`permanent`" in failure.message and given <= SPELLINGS)
    return True
