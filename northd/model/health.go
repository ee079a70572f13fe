package model

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// VIP names a virtual address: its load balancer, and what column vips calls it.
type VIP struct {
	Balancer schema.UUID
	Text     string
}

// Compare orders them by load balancer.
func (v VIP) Compare(o VIP) int {
	return cmp.Or(v.Balancer.Compare(o.Balancer), strings.Compare(v.Text, o.Text))
}

// Service is who may be asked whether it serves: the index of table Service_Monitor,
// ovn-sb(5).
type Service struct {
	Addr  netip.Addr
	Port  uint16 // 0 over icmp
	Proto string // tcp, udp or icmp
	At    string // name of the switch port
}

// Compare orders them by address.
func (s Service) Compare(o Service) int {
	return cmp.Or(s.Addr.Compare(o.Addr), cmp.Compare(s.Port, o.Port), strings.Compare(s.Proto, o.Proto), strings.Compare(s.At, o.At))
}

// CheckedVIP is a VIP of which backends are asked.
type CheckedVIP struct {
	Check schema.UUID            // the row of Load_Balancer_Health_Check that says how
	Of    string                 // name of the load balancer
	Asked map[Service]netip.Addr // and as whom
}

// HealthChecks has backends asked, and returns what is known of them. A nil one asks
// nobody. It is called once.
type HealthChecks func(of *incr.Table[VIP, *CheckedVIP]) Serves

// Serves tells whether one who is asked gets new connections. A nil one says so of all.
type Serves func(r *incr.Reader, s Service) bool
