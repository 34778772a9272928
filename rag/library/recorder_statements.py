"""The statements by which the recorder writes, and the table of what a run has read."""

import sqlalchemy as sa
from sqlalchemy.schema import DropTable

from rag.library.catalog_tables import changes, keys, kind, papers, records, unnamed
from rag.library.sql import one_of

# The records that a run has read, visible to its own connection only.
MET = sa.Table(
    "met",
    sa.MetaData(),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("mention", sa.Integer, primary_key=True, autoincrement=False),
    sa.Index("met_papers", "paper_id"),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
_of_source = sa.and_(records.c.paper_id == sa.bindparam("id"), records.c.source == sa.bindparam("of"))
_is_old = ~(  # not met again in this run
    sa.exists()
    .where(
        MET.c.paper_id == records.c.paper_id,
        MET.c.source == records.c.source,
        MET.c.mention == records.c.mention,
    )
    .correlate(records)
)
DROP_MET = DropTable(MET, if_exists=True)
MEET = sa.insert(MET)
IS_MET = sa.select(sa.literal(1)).where(MET.c.paper_id == sa.bindparam("id")).limit(1)
MENTIONS_MET = sa.select(MET.c.mention).where(
    MET.c.paper_id == sa.bindparam("id"), MET.c.source == sa.bindparam("of")
)
UNMEET = sa.delete(MET).where(MET.c.paper_id == sa.bindparam("id"))
_met_papers = sa.select(MET.c.paper_id).where(MET.c.source == sa.bindparam("of"))
# A whole text stays until its source names another file of the paper: this one may only be out of reach.
_other = records.alias()
_papers_with_files = (
    sa.select(_other.c.paper_id)
    .join(
        MET,
        sa.and_(
            MET.c.paper_id == _other.c.paper_id,
            MET.c.source == _other.c.source,
            MET.c.mention == _other.c.mention,
        ),
    )
    .where(_other.c.source == sa.bindparam("of"), _other.c.file.is_not(None))
)
_is_replaced = sa.and_(
    records.c.source == sa.bindparam("of"),
    records.c.paper_id.in_(_met_papers),
    _is_old,
    sa.or_(records.c.file.is_(None), records.c.paper_id.in_(_papers_with_files)),
)
DELETE_OLD = sa.delete(records).where(_is_replaced).returning(records.c.paper_id)
DELETE_OLD_OF_PAPER = sa.delete(records).where(_is_replaced, records.c.paper_id == sa.bindparam("id"))
_is_same = records.c.record == sa.bindparam("record")
REPLACEABLE = (
    sa.select(records.c.mention, _is_same)
    .where(_of_source, _is_old, sa.or_(records.c.file.is_(None), sa.bindparam("has_file")))
    .order_by(_is_same.desc(), records.c.mention)
    .limit(1)
)
NEXT_MENTION = sa.select(sa.func.coalesce(sa.func.max(records.c.mention) + 1, 0)).where(_of_source)
_of_mention = sa.and_(_of_source, records.c.mention == sa.bindparam("number"))
DELETE_RECORD = sa.delete(records).where(_of_mention)
UPDATE_RECORD = (
    sa.update(records).where(_of_mention).values(record=sa.bindparam("record"), file=sa.bindparam("file"))
)
INSERT_RECORD = sa.insert(records)
LEAVE = (
    sa.delete(records)
    .where(
        records.c.source == sa.bindparam("of"),
        records.c.file == sa.bindparam("file"),
        records.c.paper_id != sa.bindparam("id"),
    )
    .returning(records.c.paper_id)
)
UNNAMED = (
    sa.select(records.c.paper_id)
    .where(records.c.source == sa.bindparam("of"), records.c.paper_id.not_in(_met_papers))
    .distinct()
    .order_by(records.c.paper_id)
)
DELETE_OF_SOURCE = sa.delete(records).where(_of_source)
RENAME = (
    sa.update(records).where(records.c.source == sa.bindparam("of")).values(source=sa.bindparam("name"))
)
_key, _paper_id = sa.bindparam("key", type_=sa.Text), sa.bindparam("paper_id", type_=sa.Text)
_is_known = sa.exists().where(keys.c.key == _key, keys.c.paper_id == _paper_id)
ADD_KEY = sa.insert(keys).from_select(["key", "paper_id"], sa.select(_key, _paper_id).where(~_is_known))
_own_keys = sa.select(keys.c.key).where(keys.c.paper_id == sa.bindparam("into"))
JOIN_KEYS = sa.insert(keys).from_select(
    ["key", "paper_id"],
    sa.select(keys.c.key, sa.bindparam("into", type_=sa.Text)).where(
        keys.c.paper_id == sa.bindparam("id"), keys.c.key.not_in(_own_keys)
    ),
)
PAPER = sa.select(papers.c.paper).where(papers.c.paper_id == sa.bindparam("id"))
INSERT_PAPER = sa.insert(papers)
PAPERS_OF_FILE = sa.select(papers.c.paper_id).where(papers.c.file == sa.bindparam("file"))
UPDATE_PAPER = sa.update(papers).where(papers.c.paper_id == sa.bindparam("id"))
_next_sequence = sa.select(sa.func.coalesce(sa.func.max(changes.c.sequence), 0) + 1).scalar_subquery()
MOVE_CHANGE = (
    sa.update(changes).where(changes.c.paper_id == sa.bindparam("id")).values(sequence=_next_sequence)
)
INSERT_CHANGE = sa.insert(changes).values(paper_id=sa.bindparam("id"), sequence=_next_sequence)
SET_KIND = sa.insert(kind)
DELETE_PAPERS = [
    sa.delete(table).where(one_of(table.c.paper_id)) for table in (records, papers, keys, unnamed)
]
