# SPDX-License-Identifier: ISC
"""Waiting for what a SET has begun, as a manager does: by polling."""
from harness import wait_for


def eventually(device, name, value):
    """Until the object has this value."""
    wait_for(lambda: device.get(name) == value, f"{name} is {value}")


def settled(device):
    """Waits until no action is under way, and returns the result of the last."""
    wait_for(lambda: device.get("certconfCfgLastResult.0") not in ("inProgress", "none"),
             "the action has ended")
    return device.get("certconfCfgLastResult.0")


def after(device, action):
    """The result of this action, once it is what the device reports."""
    wait_for(lambda: device.get("certconfCfgLastAction.0") == action
             and device.get("certconfCfgLastResult.0") != "inProgress", f"{action} has ended")
    return device.get("certconfCfgLastResult.0")


def act(device, action, *more, check=True):
    """SETs certconfCfgAction, with more of (name, type, value) before it in the same PDU."""
    return device.set(*more, ("certconfCfgAction.0", "i", action), check=check)


def refused(result, error):
    """Whether snmpset was told this error."""
    return result.returncode != 0 and error in result.stdout + result.stderr
