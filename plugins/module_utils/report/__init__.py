# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet's audits look like to a person or a program. Runs on the controller.

fleet.py makes one document of the hosts' results; each format is one file that renders that document to text, named in
formats.py; store.py writes them.
"""
