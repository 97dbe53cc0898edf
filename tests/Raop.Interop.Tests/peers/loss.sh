#!/bin/sh
# Random loss of datagrams in the network namespace that it runs in (not every kernel has netem; the packet filter's `statistic` match is there).
#   loss.sh on FRACTION [PORTS]     FRACTION such as 0.05; PORTS an iptables port list (default: all but mDNS)
#   loss.sh off     loss.sh show
# On loopback each datagram passes INPUT once: FRACTION is the loss of each, audio, sync, timing, resend requests and resent packets alike.
# Debian package: iptables
set -eu
cmd=$1
[ "$(readlink /proc/self/ns/net)" != "$(readlink /proc/1/ns/net)" ] || { echo "loss.sh: not in the machine's own network; see netns.sh" >&2; exit 1; }
case "$cmd" in
on)
  iptables-legacy -F INPUT
  if [ -n "${3:-}" ]; then iptables-legacy -A INPUT -p udp -m multiport --dports "$3" -m statistic --mode random --probability "$2" -j DROP
  else iptables-legacy -A INPUT -p udp ! --dport 5353 -m statistic --mode random --probability "$2" -j DROP; fi ;;
off) iptables-legacy -F INPUT ;;
show) iptables-legacy -L INPUT -v -n -x ;;
*) echo "usage: $0 on FRACTION [PORTS] | off | show" >&2; exit 2 ;;
esac
