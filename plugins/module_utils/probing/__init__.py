# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packets that are sent on purpose, few and slow, and what comes of them. Traffic: only where it was asked for.

``options`` says what may be asked, ``sending`` sends packets and hears what comes back, ``echo``, ``tracing`` and
``path_mtu`` are what they are sent for, ``run`` is the module. ``sockets``, ``icmp`` and ``causes`` are the means.
"""
