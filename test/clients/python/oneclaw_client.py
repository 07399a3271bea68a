"""The vendor's own Python client against /v1: one line of JSON for each check (test/clients/README.md)."""

import json
import os
import time

from oneclaw import create_client

BASE = os.environ["ZSC_BASE"]
KEY = os.environ["ZSC_OWNER_KEY"]
PASSWORD = "plum-tractor-velvet-9"


def check(what, ok, saw=""):
    print(json.dumps({"what": what, "ok": bool(ok), "saw": str(saw)[:120]}), flush=True)


def expect(what, answer, status, test=lambda data: True):
    """An answer of the client: its status, no error, and what its data has to be."""
    ok = answer.meta.status == status and answer.error is None and test(answer.data)
    check(what, ok, f"{answer.meta.status} {answer.error or ''}")
    return answer.data


def refused(what, answer, status, kind):
    """A refusal, in the client's own word for it; it leaves `detail` empty itself."""
    error = answer.error
    check(what, answer.meta.status == status and error is not None and error.type == kind and error.message, f"{answer.meta.status} {error}")


owner = create_client(base_url=BASE + "/", api_key=KEY)
me = expect("auth.me", owner.auth.me(), 200, lambda data: data["email"] == "owner@example.com" and data["org_id"])

vault = expect("vaults.create", owner.vaults.create("oneclaw", "by its own client"), 201, lambda data: data["name"] == "oneclaw")
vault_id = vault["id"]
refused("vaults.create, a name twice", owner.vaults.create(" oneclaw "), 409, "unknown")
expect("vaults.get", owner.vaults.get(vault_id), 200, lambda data: data["id"] == vault_id)
expect("vaults.list", owner.vaults.list(), 200, lambda data: [each["id"] for each in data["vaults"]] == [vault_id])
refused("vaults.get, unknown", owner.vaults.get("00000000-0000-4000-8000-000000000000"), 404, "not_found")

first = expect("secrets.set", owner.secrets.set(vault_id, "api-keys/openai", "sk-1", metadata={"env": "ci"}), 201, lambda data: data["version"] == 1 and data["type"] == "generic" and "value" not in data)
expect("secrets.get", owner.secrets.get(vault_id, "api-keys/openai"), 200, lambda data: data["value"] == "sk-1" and data["metadata"] == {"env": "ci"})
expect("secrets.rotate", owner.secrets.rotate(vault_id, "api-keys/openai", "sk-2"), 201, lambda data: data["version"] == 2)
expect("secrets.rotate_generate", owner.secrets.rotate_generate(vault_id, "api-keys/openai", length=40, charset="hex"), 201, lambda data: data["version"] == 3)
expect("secrets.list_versions", owner.secrets.list_versions(vault_id, "api-keys/openai"), 200, lambda data: [each["version"] for each in data["versions"]] == [3, 2, 1])
expect("secrets.get_version", owner.secrets.get_version(vault_id, "api-keys/openai", 2), 200, lambda data: data["value"] == "sk-2")
expect("secrets.disable_version", owner.secrets.disable_version(vault_id, "api-keys/openai", 2), 204, lambda data: data is None)
refused("secrets.get_version, disabled", owner.secrets.get_version(vault_id, "api-keys/openai", 2), 410, "unknown")
expect("secrets.set, read once", owner.secrets.set(vault_id, "once", "v", max_access_count=1, expires_at="2999-12-31T23:59:59Z"), 201, lambda data: data["expires_at"] == "2999-12-31T23:59:59Z")
expect("secrets.get, once", owner.secrets.get(vault_id, "once"), 200, lambda data: data["value"] == "v")
refused("secrets.get, twice", owner.secrets.get(vault_id, "once"), 410, "unknown")
expect("secrets.list", owner.secrets.list(vault_id, "api-keys/"), 200, lambda data: [each["path"] for each in data["secrets"]] == ["api-keys/openai"])
refused("secrets.set, bad path", owner.secrets.set(vault_id, "a.b", "v"), 400, "validation_error")
expect("secrets.delete", owner.secrets.delete(vault_id, "once"), 204, lambda data: data is None)
refused("secrets.delete, twice", owner.secrets.delete(vault_id, "once"), 404, "not_found")

made = expect("agents.create", owner.agents.create("worker", vault_ids=[vault_id], token_ttl_seconds=600), 201, lambda data: data["api_key"].startswith("ocv_") and data["agent"]["is_active"])
agent_id = made["agent"]["id"]
expect("agents.get", owner.agents.get(agent_id), 200, lambda data: data["token_ttl_seconds"] == 600)
expect("agents.list", owner.agents.list(), 200, lambda data: [each["id"] for each in data["agents"]] == [agent_id])
expect("agents.update", owner.agents.update(agent_id, description="builds"), 200, lambda data: data["description"] == "builds")
agent = create_client(base_url=BASE, api_key=made["api_key"])
expect("agents.me, by the key alone", agent.agents.me(), 200, lambda data: data["id"] == agent_id)
check("the client learns who it is", agent.resolved_agent_id == agent_id, agent.resolved_agent_id)
refused("secrets.get, without a grant", agent.secrets.get(vault_id, "api-keys/openai"), 403, "auth_error")
policy = expect("policies.create", owner.policies.create(vault_id, principal_type="agent", principal_id=agent_id, secret_path_pattern="api-keys/*"), 201, lambda data: data["permissions"] == ["read"])
expect("secrets.get, with one", agent.secrets.get(vault_id, "api-keys/openai"), 200, lambda data: len(data["value"]) == 40)
expect("policies.list", owner.policies.list(vault_id), 200, lambda data: [each["id"] for each in data["policies"]] == [policy["id"]])
expect("policies.update", owner.policies.update(vault_id, policy["id"], permissions=["read", "write"]), 200, lambda data: data["permissions"] == ["read", "write"])
expect("secrets.set, by the agent", agent.secrets.set(vault_id, "api-keys/new", "v"), 201)
expect("policies.delete", owner.policies.delete(vault_id, policy["id"]), 204)
refused("secrets.get, the grant is gone", agent.secrets.get(vault_id, "api-keys/openai"), 403, "auth_error")
named = create_client(base_url=BASE, api_key=made["api_key"], agent_id=agent_id)
expect("agents.me, with its id", named.agents.me(), 200)
rotated = expect("agents.rotate_key", owner.agents.rotate_key(agent_id), 200, lambda data: data["api_key"].startswith("ocv_"))
refused("the old key's token is dead", agent.agents.me(), 401, "auth_error")
expect("agents.delete", owner.agents.delete(agent_id), 204)

key = expect("api_keys.create", owner.api_keys.create("ci", scopes=["ci/**"]), 201, lambda data: data["api_key"].startswith("1ck_"))
expect("api_keys.list", owner.api_keys.list(), 200, lambda data: len(data["keys"]) == 2)
raw = create_client(base_url=BASE, token=key["api_key"])
expect("a key as it is, as the token", raw.auth.me(), 200)
expect("api_keys.delete", owner.api_keys.delete(key["key"]["id"]), 204)
refused("a revoked key", raw.auth.me(), 401, "auth_error")

expect("audit.list", owner.audit.list(resource_id=vault_id, action="secret.read", limit=5), 200, lambda data: data["count"] >= 2 and data["events"][0]["action"] == "secret.read")
expect("audit.verify", owner.audit.verify(limit=100), 200, lambda data: data["chain_valid"] is True and data["broken_at_event_id"] is None)

newcomer = create_client(base_url=BASE)
expect("auth.signup", newcomer.auth.signup("new@example.com", PASSWORD, "New"), 200, lambda data: data["access_token"])
time.sleep(0.1)
expect("auth.login", newcomer.auth.login("new@example.com", PASSWORD), 200, lambda data: data["expires_in"] == 900)
refused("auth.refresh", newcomer.auth.refresh(), 400, "validation_error")
expect("auth.change_password", newcomer.auth.change_password(PASSWORD, "seven quiet otters juggle"), 204)
refused("the old session", newcomer.auth.me(), 401, "auth_error")
expect("auth.login, the new password", newcomer.auth.login("new@example.com", "seven quiet otters juggle"), 200)
expect("auth.revoke_token", newcomer.auth.revoke_token(), 204)
refused("a token that was signed out", newcomer.auth.me(), 401, "auth_error")
refused("auth.login, wrong", newcomer.auth.login("new@example.com", "no such password"), 401, "auth_error")
expect("vaults.delete", owner.vaults.delete(vault_id), 204)
refused("vaults.get, deleted", owner.vaults.get(vault_id), 404, "not_found")
