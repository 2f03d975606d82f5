"""The dashboard: one page for the shop, one for those who run the pipeline.

The same files run in Snowflake (`snow streamlit deploy`) and on a laptop (`streamlit run`). They
keep to the API of Streamlit 1.52, the newest that Snowflake's warehouse runtime has:
https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments
"""

import contextlib

import pipeline_page
import shop_page
import streamlit as st
from language import ENGLISH
from shop import the_settings
from snowflake.connector.errors import Error as SnowflakeError
from streamlit.errors import StreamlitAPIException

st.set_page_config(page_title="Les Caves d'Albert", page_icon="🍷", layout="wide")
words = ENGLISH
# Where Snowflake does not answer, the page below says so.
with contextlib.suppress(StreamlitAPIException, SnowflakeError):
    words = the_settings().words
page = st.navigation(
    [
        st.Page(shop_page.render, title=words.say("The shop"), icon="🍷", default=True),
        st.Page(
            pipeline_page.render, title=words.say("The pipeline"), icon="⏱️", url_path="pipeline"
        ),
    ],
    position="top",
)
try:
    page.run()
except (StreamlitAPIException, SnowflakeError) as reason:
    st.error(words.say("Snowflake has not answered."))
    st.text(str(reason))
    st.caption(
        words.say("The page asks again when it is loaded again. Is the pipeline deployed there?")
    )
