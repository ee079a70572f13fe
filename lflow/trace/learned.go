package trace

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// Learned is what packets leave behind for later ones, but for their
// connections: where addresses are, which next hop a connection came from,
// which backend serves whom, where virtual ports are. Its zero value holds
// nothing. What is learned stays: nothing here grows old.
type Learned struct {
	macs     map[learnedBinding]lflow.MAC
	fdb      map[learnedMAC]uint32
	hops     map[hop]bool
	backends map[affinity]netip.AddrPort
	parents  map[string]string // of virtual ports
}

type learnedBinding struct {
	dp *Datapath
	binding
}

type learnedMAC struct {
	dp  *Datapath
	mac lflow.MAC
}

// hop is a connection's direction in a datapath, and where it came from.
type hop struct {
	dp  *Datapath
	t   tuple
	mac lflow.MAC // zero in the record of the other direction
}

// affinity is a client of a load balancer.
type affinity struct {
	dp     *Datapath
	client netip.Addr
	vip    netip.AddrPort
	proto  uint8 // 0 without ports
}

// learn has f tell the learned state something when the packet is through:
// what a packet teaches is known from the next one on.
func (r *run) learn(f func(l *Learned)) {
	if r.opts.Learned != nil {
		r.lessons = append(r.lessons, f)
	}
}

// put stores a key in a map that may not be there yet.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

// learned returns what is known so far; never nil.
func (r *run) learned() *Learned {
	if r.opts.Learned != nil {
		return r.opts.Learned
	}
	return &Learned{}
}
