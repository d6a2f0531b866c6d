# SPDX-License-Identifier: ISC
"""contrib/monitoring/zabbix: imported into a real Zabbix, which discovers, polls and triggers."""
import os

import pytest
import zabbix
from harness import READ_COMMUNITY, wait_for
from pki import document

TEMPLATE = "certconf by SNMP"
WAIT = 120
CHECK_NOW = 6
SNMP, VERSION_2 = 2, 2

pytestmark = pytest.mark.skipif("CERTCONF_RELEASE" not in os.environ, reason="with CERTCONF_RELEASE=1 only")


@pytest.fixture
def server(notified):
    zabbix.need()
    whole = zabbix.Zabbix(notified.dir / "zabbix")
    try:
        whole.start()
        yield whole
    finally:
        whole.stop()


RULES = {kind: {"createMissing": True, "updateExisting": True}
         for kind in ("templates", "items", "discoveryRules", "triggers", "valueMaps")}


def import_template(server, top):
    source = (top / "contrib/monitoring/zabbix/template_certconf_snmp.yaml").read_text()
    assert server.call("configuration.import", format="yaml", source=source,
                       rules={**RULES, "groups": {"createMissing": True}}) is True
    [template] = server.call("template.get", filter={"host": TEMPLATE}, output=["templateid"])
    return template["templateid"]


def make_host(server, template, device):
    [group] = server.call("hostgroup.get", filter={"name": "Templates/certconf"}, output=["groupid"])
    made = server.call("host.create", host="unit", groups=[group], templates=[{"templateid": template}], interfaces=[
        {"type": SNMP, "main": 1, "useip": 1, "ip": "127.0.0.1", "dns": "", "port": str(device.snmp_port),
         "details": {"version": VERSION_2, "bulk": 1, "community": READ_COMMUNITY}}])
    return made["hostids"][0]


class Host:
    """What Zabbix knows of the device."""

    def __init__(self, server, number):
        self.server, self.number = server, number

    def items(self):
        rows = self.server.call("item.get", hostids=self.number, output=["key_", "lastvalue", "lastclock", "state", "error"])
        return {row["key_"]: row for row in rows}

    def poll(self):
        """All items and rules now, rather than when their time comes."""
        rows = [*self.server.call("item.get", hostids=self.number, output=["itemid"]),
                *self.server.call("discoveryrule.get", hostids=self.number, output=["itemid"])]
        for start in range(0, len(rows), 50):
            self.server.call("task.create", [{"type": CHECK_NOW, "request": {"itemid": row["itemid"]}}
                                             for row in rows[start:start + 50]])

    def value(self, key):
        row = self.items().get(key)
        return None if row is None or row["lastclock"] == "0" else row["lastvalue"]

    def problems(self):
        rows = self.server.call("trigger.get", hostids=self.number, filter={"value": 1}, output=["description"],
                                expandDescription=True)
        return {row["description"] for row in rows}

    def wait(self, condition, what):
        def once():
            self.poll()
            return condition()
        wait_for(once, f"Zabbix: {what}", WAIT)


def test_a_device_is_watched(notified, top, server, pki):
    leaf = pki.ageing(300, 20)
    notified.import_document(document(leaf.chain, leaf.key, None, pki.root, "outgoing"), "--commit")
    host = Host(server, make_host(server, import_template(server, top), notified))
    server.start_server()
    host.wait(lambda: host.value("certconf.local.status[1]") == "3", "the certificate is found and warned about")
    host.wait(lambda: "Certificate local is in its warning band" in host.problems(), "there is a problem")
    host.wait(lambda: host.value("certconf.trust.days[1]") is not None, "the trust anchor is found")
    assert host.value("certconf.mode") == "2" and host.value("certconf.status") == "3"
    assert host.value("certconf.local.fingerprint[1]") == leaf.sha256()
    assert float(host.value("certconf.local.days[1]")) in (19, 20)
    assert not [row for row in host.items().values() if row["state"] != "0" and "earliest" not in row["key_"]]

    expired = pki.ageing(300, -5)
    notified.import_document(document(expired.chain, expired.key), "--commit", "--allow-expired")
    host.wait(lambda: "Certificate local has expired" in host.problems(), "it has expired")
    host.wait(lambda: host.value("certconf.local.days[1]") in ("-5", "-6"), "days are negative")
    assert host.items()["certconf.local.days[1]"]["state"] == "0", "and supported all the same"

    renewed = pki.leaf(days=300)
    notified.import_document(document(renewed.chain, renewed.key), "--commit")
    host.wait(lambda: not {line for line in host.problems() if line.startswith("Certificate local")
                           and "replaced" not in line}, "all is well again")


def test_it_can_be_imported_again(top, server):
    assert import_template(server, top) == import_template(server, top)
