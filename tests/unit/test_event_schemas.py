"""The schemas in docs/events."""

from tools import event_schemas


def test_the_folder_has_the_schemas_of_all_events_and_no_other_file() -> None:
    committed = {path: path.read_text() for path in event_schemas.FOLDER.iterdir() if path.is_file()}
    assert committed == event_schemas.files()
