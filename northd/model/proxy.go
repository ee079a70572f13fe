package model

import (
	"fmt"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
)

// readProxy reads which addresses are the router's port's, as far as neighbours are
// told: those of option arp_proxy. Without an Ethernet address they have that of the
// router's port.
func (m *Model) readProxy(p *SwitchPort, router lflow.MAC, e *graph.RowProblems) {
	text := m.options.proxy.Of(p.Options)
	if text == "" {
		return
	}
	a, err := address.ParseProxy(text)
	if err == nil && IsMulticast(a.MAC) {
		err = fmt.Errorf("%s is the address of a group", a.MAC)
	}
	if err != nil {
		e.Problem("options", "arp_proxy: "+err.Error())
		return
	}
	for i, ip := range a.IPs {
		a.IPs[i] = ip.Masked()
	}
	if a.MAC == (lflow.MAC{}) {
		a.MAC = router
	}
	p.Proxy = a
}

// MACsOf are the Ethernet addresses for which a router's port takes packets in: its
// own, and that for which neighbours are sent to it.
func (m *Model) MACsOf(r *incr.Reader, p *RouterPort) []lflow.MAC {
	macs := []lflow.MAC{p.MAC}
	if near, ok := m.SwitchPortTo(r, p.Name); ok && len(near.Proxy.IPs) > 0 && near.Proxy.MAC != p.MAC {
		macs = append(macs, near.Proxy.MAC)
	}
	return macs
}
