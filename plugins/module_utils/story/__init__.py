# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One flow, the whole story: what the kernel says, who tells of it, whose it is, what mends it and what does not.

``flows`` finds the sends that the question is about, ``relevant`` the findings, ``verdict`` says what it comes down to,
``mends`` what to do; all four are pure. ``names`` holds what is known of a destination that is given by its name. ``tell`` asks the kernel and the witnesses.
"""
