"""The assertions that the local account cannot answer, by name, each with the reason."""

LOCAL_REGION = "LOCAL"

REASONS = {
    "dashboard-runs": "the local account keeps a Streamlit app's files, `streamlit run` serves it",
}
