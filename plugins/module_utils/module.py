# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every module of the collection that speaks with the kernel starts and ends.

A module is its documentation, its argument spec and ``run(argument_spec, collect)``, or ``run_change(argument_spec,
change)`` where it may change something.
"""

from __future__ import annotations

import gc
import os
import sys
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .bounds import bounded_result, shortened

if t.TYPE_CHECKING:
    from .kernel.port import Kernel

PYTHON = (3, 9)
OPTION_BYTES = 500
"""What an option may take that comes back with the result, as Ansible wants it."""

Collect = t.Callable[[t.Dict[str, t.Any], "Kernel"], t.Dict[str, t.Any]]
"""From the module's parameters and the open kernel port to the module's result."""
Change = t.Callable[[t.Dict[str, t.Any], "Kernel", bool], t.Dict[str, t.Any]]
"""The same of a module that may change something; the third is check mode: true where nothing may be changed. The
result has ``changed``, and ``diff`` where there is something to show."""


def run(argument_spec: t.Mapping[str, t.Any], collect: Collect, **kw: t.Any) -> None:
    """Run a module that only reads. Never returns: it ends in ``exit_json`` or ``fail_json``.

    What the kernel port could not see, and the tables that would not hold still, are added to the result as ``unseen``
    and ``unsteady``; ``changed`` is always false. The rest is as with :func:`run_change`.
    """

    def read(params: t.Dict[str, t.Any], kernel: Kernel, _check: bool) -> t.Dict[str, t.Any]:
        result = collect(params, kernel)
        result.setdefault("unseen", [{"what": item.what, "why": item.why} for item in kernel.unseen])
        result.setdefault("unsteady", list(kernel.unsteady))
        result["changed"] = False
        return result

    run_change(argument_spec, read, **kw)


def run_apart(
    argument_spec: t.Mapping[str, t.Any], collect: t.Callable[[t.Dict[str, t.Any]], t.Dict[str, t.Any]], **kw: t.Any
) -> None:
    """Run a module that only reads, and not the kernel's tables: it needs no pyroute2. The rest is as with :func:`run`."""
    run_asked(argument_spec, lambda params, _check: collect(params), **kw)


def run_asked(
    argument_spec: t.Mapping[str, t.Any],
    act: t.Callable[[t.Dict[str, t.Any], bool], t.Dict[str, t.Any]],
    **kw: t.Any,
) -> None:
    """The same for a module that sends or hears packets because that was asked for: ``act`` is told of check mode too, where
    it does neither."""
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True, **kw)
    _hold_python(module)
    try:
        result = act(module.params, module.check_mode)
    except (ValueError, OSError) as exc:
        module.fail_json(msg=str(exc))
    _end(module, dict(result, changed=False))


def run_making(
    argument_spec: t.Mapping[str, t.Any],
    make: t.Callable[[t.Dict[str, t.Any], bool, t.Callable[[], str]], t.Dict[str, t.Any]],
    **kw: t.Any,
) -> None:
    """Run a module that makes a file for its action to fetch. It needs no pyroute2.

    ``make`` gets the parameters, check mode, and what tells the task's temporary directory; its result has ``changed``,
    and may have ``warnings``. The rest is as with :func:`run_change`.
    """
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True, **kw)
    _hold_python(module)
    try:
        result = make(module.params, module.check_mode, lambda: str(module.tmpdir))
    except PermissionError as exc:
        module.fail_json(msg=_not_permitted(exc))
    except (ValueError, OSError) as exc:
        module.fail_json(msg=str(exc))
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    _end(module, result)


def _not_permitted(exc: PermissionError) -> str:
    hint = "" if os.geteuid() == 0 else " (not root: use become)"
    return "not permitted%s: %s" % (hint, exc)


def _hold_python(module: AnsibleModule) -> None:
    if sys.version_info < PYTHON:
        module.fail_json(
            msg="Python %s (%s) is too old: the managed host needs Python 3.9 or later. Install one there and name it "
            "in ansible_python_interpreter" % (sys.version.split()[0], sys.executable)
        )


def run_change(argument_spec: t.Mapping[str, t.Any], change: Change, **kw: t.Any) -> None:
    """Run a module that may change something. Never returns: it ends in ``exit_json`` or ``fail_json``.

    ``kw`` goes to AnsibleModule (``mutually_exclusive`` and the like). The kernel port is opened in the network
    namespace ``params["netns"]`` where the spec has that option. A result above the bound loses the end of its largest
    lists, and says so under ``cut`` (see ``bounds``).

    ValueError and OSError from ``change`` become a failure with their own words: they must name the object.
    """
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True, **kw)
    _hold_python(module)
    # Late: what follows may not even compile on a Python that is too old.
    from .kernel.netlink import Interrupted, MissingPyroute2
    from .kernel.port import Kernel
    from .kernel.provide import WantedPyroute2, offered, provide

    try:
        offer = offered(os.environ)
        came, warnings = provide(offer, module._remote_tmp)
        for warning in warnings:
            module.warn(warning)
        gc.freeze()  # what is imported by now stays: the collector need not walk it again and again
        with Kernel(module.params.get("netns")) as kernel:
            result = change(module.params, kernel, module.check_mode)
    except WantedPyroute2 as exc:
        module.fail_json(msg=str(exc), pyroute2_wanted=True)
    except MissingPyroute2 as exc:
        module.fail_json(msg=str(exc))
    except PermissionError as exc:
        module.fail_json(msg=_not_permitted(exc))
    except Interrupted as exc:
        module.fail_json(msg="the kernel's tables change faster than they can be read, try again: %s" % exc)
    except (ValueError, OSError) as exc:
        module.fail_json(msg=str(exc))
    if not module._diff:
        result.pop("diff", None)
    if offer is not None:
        result["pyroute2_came"] = came
    _end(module, result)


def _end(module: AnsibleModule, result: t.Mapping[str, t.Any]) -> None:
    """The result, bounded, and the options that were given, without the bulk of those that are large: profiles, a plan."""
    given = {name: shortened(value, OPTION_BYTES) for name, value in module.params.items()}
    module.exit_json(**bounded_result(result), invocation={"module_args": given})
