"""docs/events says what the events are."""

from tools import event_schemas


def test_the_folder_has_a_schema_of_every_event_and_no_other() -> None:
    committed = {path: path.read_text() for path in event_schemas.FOLDER.iterdir() if path.is_file()}
    assert committed == event_schemas.files()
