"""SQLAlchemy: python sqlalchemy_journey.py PORT DATABASE"""

# mypy: ignore-errors

import datetime
import sys
from decimal import Decimal

import pandas as pd
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import make_pd_writer, pd_writer
from snowflake.sqlalchemy import MergeInto
from sqlalchemy import (
    ForeignKey,
    MetaData,
    Numeric,
    Sequence,
    String,
    create_engine,
    func,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

port, database = sys.argv[1:]
engine = create_engine(
    f"snowflake://me:any@local/{database}/PUBLIC?warehouse=COMPUTE_WH",
    connect_args={"host": "127.0.0.1", "port": int(port), "protocol": "http"},
)


class Base(DeclarativeBase):
    pass


class Wine(Base):
    __tablename__ = "wines"
    id: Mapped[int] = mapped_column(Sequence("wine_ids"), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    since: Mapped[datetime.date | None]
    bottles: Mapped[list["Bottle"]] = relationship(back_populates="wine")


class Bottle(Base):
    __tablename__ = "bottles"
    id: Mapped[int] = mapped_column(Sequence("bottle_ids"), primary_key=True)
    wine_id: Mapped[int] = mapped_column(ForeignKey("wines.id"))
    wine: Mapped[Wine] = relationship(back_populates="bottles")
    note: Mapped[str | None] = mapped_column(server_default="none")


Base.metadata.create_all(engine)
Base.metadata.create_all(engine)
with Session(engine) as session:
    wine = Wine(name="Riesling", price=Decimal("12.50"), since=datetime.date(2020, 1, 2))
    wine.bottles = [Bottle(), Bottle(note="corked")]
    session.add_all([wine, Wine(name="Merlot", price=Decimal(8))])
    session.commit()
    notes = session.scalars(select(Bottle.note).join(Wine).where(Wine.name == "Riesling"))
    assert sorted(notes) == ["corked", "none"]
    merlot = session.scalars(select(Wine).where(Wine.name == "Merlot")).one()
    merlot.price = Decimal("9.25")
    session.commit()
    assert session.scalar(select(func.sum(Wine.price))) == Decimal("21.75")
    session.delete(merlot)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Wine)) == 1

found = inspect(engine)
assert sorted(found.get_table_names()) == ["bottles", "wines"]
assert [(column["name"], str(column["type"])) for column in found.get_columns("wines")] == [
    ("id", "DECIMAL(38, 0)"), ("name", "VARCHAR(100)"), ("price", "DECIMAL(10, 2)"),
    ("since", "DATE"),
]  # fmt: skip
assert sorted(found.get_sequence_names()) == ["bottle_ids", "wine_ids"]
assert found.has_table("wines") and not found.has_table("nothing")
assert found.get_pk_constraint("wines")["constrained_columns"] == ["id"]
(foreign,) = found.get_foreign_keys("bottles")
assert (foreign["referred_table"], foreign["referred_columns"]) == ("wines", ["id"])
reflected = MetaData()
reflected.reflect(engine)
assert sorted(reflected.tables) == ["bottles", "wines"]

frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
frame.to_sql("frames", engine, index=False, if_exists="replace")
frame.to_sql("frames", engine, index=False, if_exists="append")
assert pd.read_sql("select count(*) as n from frames", engine)["n"].tolist() == [4]
# SQLAlchemy creates A and B, and pd_writer alone would write "a" and "b".
unquoted = make_pd_writer(quote_identifiers=False)
frame.to_sql("written", engine, index=False, if_exists="replace", method=unquoted)
assert pd.read_sql_table("written", engine)["a"].sum() == 3
try:
    frame.to_sql("written", engine, index=False, if_exists="replace", method=pd_writer)
except ProgrammingError as error:
    assert error.errno == 904, error
else:
    raise AssertionError("pd_writer found a column that there is not")

table = Wine.__table__
source = select(literal("Riesling").label("name"), literal("Sylvaner").label("renamed")).subquery()
merge = MergeInto(target=table, source=source, on=table.c.name == source.c.name)
merge.when_matched_then_update().values(name=source.c.renamed)
with engine.begin() as connection:
    connection.execute(merge)
    assert connection.execute(text("select name from wines")).scalars().all() == ["Sylvaner"]

Base.metadata.drop_all(engine)
assert sorted(inspect(engine).get_table_names()) == ["frames", "written"]
