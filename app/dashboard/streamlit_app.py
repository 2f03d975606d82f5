"""The dashboard: one page for the shop, one for those who run the pipeline.

The same files run in Snowflake (`snow streamlit deploy`) and on a laptop (`streamlit run`). They
keep to the API of Streamlit 1.52, the newest that Snowflake's warehouse runtime has:
https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments
"""

import pipeline_page
import shop_page
import streamlit as st
from snowflake.connector.errors import Error as SnowflakeError
from streamlit.errors import StreamlitAPIException

st.set_page_config(page_title="Les Caves d'Albert", page_icon="🍷", layout="wide")
page = st.navigation(
    [
        st.Page(shop_page.render, title="The shop", icon="🍷", default=True),
        st.Page(pipeline_page.render, title="The pipeline", icon="⏱️", url_path="pipeline"),
    ]
)
try:
    page.run()
except (StreamlitAPIException, SnowflakeError) as reason:
    st.error("Snowflake has not answered.")
    st.text(str(reason))
    st.caption("The page asks again when it is loaded again. Is the pipeline deployed there?")
