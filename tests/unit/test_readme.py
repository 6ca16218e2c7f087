"""The README names what exists: links, functions with their triggers, and figures of the reference documents."""

import re

from local import template
from local.settings import ROOT

README = (ROOT / "README.md").read_text()
TRIGGERS = {
    "HttpApi": "HTTP API",
    "Cognito": "**Cognito**",
    "DynamoDB": "**DynamoDB stream**",
    "EventBridgeRule": "**EventBridge**",
    "Schedule": "**Schedule**",
}


def test_every_link_leads_to_a_file_and_its_heading() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", README)
    assert links
    for path, anchor in links:
        assert (ROOT / path).exists(), path
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.MULTILINE)
            assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, anchor


def test_the_table_of_functions_has_each_function_with_its_trigger() -> None:
    functions = [
        each["Properties"]
        for each in template.read()["Resources"].values()
        if each["Type"] == "AWS::Serverless::Function"
    ]
    triggers = {
        each["CodeUri"].removeprefix("functions/"): TRIGGERS[event["Type"]]
        for each in functions
        for event in each["Events"].values()
    }
    assert dict(re.findall(r"^\| `([a-z_]+)` \| ([^:,|]+)[:,]", README, re.MULTILINE)) == triggers


def test_figures_are_the_rounded_ones_of_the_reference_documents() -> None:
    cost = (ROOT / "docs" / "reference" / "cost.md").read_text().partition("## By service")[2].partition("\n## ")[0]
    totals = re.findall(r"^\| (?:DynamoDB|\*\*total\*\*) \|(?:[^|]*\|){3}[ *]*([\d.]+)", cost, re.MULTILINE)
    dynamodb, gift = (round(float(each)) for each in totals)
    assert f"gifts cost about {gift} USD at list prices, {dynamodb} USD of it for DynamoDB" in README
    capacity = (ROOT / "docs" / "reference" / "capacity.md").read_text()
    rate = re.search(r"about \*\*(\d+) gifts", capacity)
    assert rate is not None
    assert f"about {rate[1]} gifts per second" in README
