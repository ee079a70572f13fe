package tables

import (
	"cmp"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Service is a row of Service_Monitor: what a chassis asks whether it serves.
type Service struct {
	At        string // name of the port
	Proto     uint8  // TCP, UDP, or the ICMP of the family, which has no port: packet.ProtoTCP
	Port      uint16
	MAC       packet.MAC
	IP        netip.Addr
	SrcMAC    packet.MAC // as whom it is asked
	SrcIP     netip.Addr
	Interval  time.Duration // from an answer to the next question
	Timeout   time.Duration
	Successes int // so many one after another make it online
	Failures  int // and so many offline
}

// LocalService is one behind a port of this chassis.
type LocalService struct {
	Service
	Via PortAt
}

var errService = errors.New("tables: a service that cannot be asked")

// serviceOf reads a row. Defaults are those of OVN's agent.
func serviceOf(row *sb.ServiceMonitor, once func(string) string) (s Service, err error) {
	s = Service{At: once(row.LogicalPort), Port: uint16(row.Port), Proto: packet.ProtoTCP}
	if row.Protocol != nil {
		switch *row.Protocol {
		case "tcp":
		case "udp":
			s.Proto = packet.ProtoUDP
		case "icmp":
			s.Proto, s.Port = packet.ProtoICMP, 0
		default:
			return s, errService
		}
	}
	mac, err := packet.ParseMAC(row.MAC)
	src, err2 := packet.ParseMAC(row.SrcMAC)
	ip, ok := parseAddr(row.IP)
	from, ok2 := parseAddr(row.SrcIP)
	if err := cmp.Or(err, err2); err != nil {
		return s, err
	}
	if !ok || !ok2 || ip.Is4() != from.Is4() || ip.Is4In6() || row.Port < 0 || row.Port > 65535 || s.Port == 0 && s.Proto != packet.ProtoICMP {
		return s, errService
	}
	if s.Proto == packet.ProtoICMP && ip.Is6() {
		s.Proto = packet.ProtoICMPv6
	}
	s.MAC, s.SrcMAC, s.IP, s.SrcIP = mac, src, ip.WithZone(""), from.WithZone("")
	s.Interval, s.Timeout = seconds(row.Options["interval"], 5), seconds(row.Options["timeout"], 3)
	s.Successes, s.Failures = number(row.Options["success_count"], 1), number(row.Options["failure_count"], 1)
	return s, nil
}

// number is a number above 0, or the default.
func number(text string, fallback int) int {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil && n > 0 {
		return int(n)
	}
	return fallback
}

func seconds(text string, fallback int) time.Duration {
	return time.Duration(number(text, fallback)) * time.Second
}

// joinServices declares the services behind ports of this chassis, and what this chassis
// has said of services that are not.
func (t *Tables) joinServices() {
	byPort := incr.NewIndex(t.Services, "port", func(_ schema.UUID, s Service) []string { return one(s.At) })
	names := incr.NewIndex(t.Bound, "name", func(_ schema.UUID, b Bound) []string { return one(b.Name) })
	t.LocalServices = incr.NewTable(t.Engine, "local services", incr.Eq[LocalService], incr.Under(byPort, incr.Values(names)),
		func(r *incr.Reader, id schema.UUID) (l LocalService, ok bool) {
			l.Service, _ = incr.Get(r, t.Services, id)
			port, row, ok := incr.One(r, t.portsByName, l.At)
			if !ok || !incr.Has(r, t.Bound, port) {
				return l, false
			}
			l.Via, ok = t.portAt(r, row)
			return l, ok
		}).Feed()
	t.ServiceOrphans = orphans(t, "service orphans", t.ServiceStatus, t.LocalServices)
}
