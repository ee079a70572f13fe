package trace

import "github.com/weft-sdn/weft/lflow"

// commitECMPNextHop records the Ethernet address that a connection comes from,
// for its packets in both directions.
func (x *exec) commitECMPNextHop(a lflow.CommitECMPNextHop) {
	if !lflow.Evaluate(a.Packets(), x.p) {
		return
	}
	d, t, mac := x.dp, x.p.tuple(), x.p.mac(lflow.EthSrc)
	x.learn(func(l *Learned) {
		put(&l.hops, hop{d, t, mac}, true)
		if back, ok := t.reversed(); ok {
			put(&l.hops, hop{d, back, lflow.MAC{}}, true)
		}
	})
}

// ecmpNextHop tells whether the connection that the packet is of, or with mac
// the one that comes from the same next hop, was recorded.
func (x *exec) ecmpNextHop(mac bool) bool {
	if !x.p.is(lflow.IP) {
		return false
	}
	h := hop{dp: x.dp, t: x.p.tuple()}
	if mac {
		h.mac = x.p.mac(lflow.EthSrc)
	}
	return x.learned().hops[h]
}
