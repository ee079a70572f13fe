package trace

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// AddEVPNHost records that EVPN has made the address of a host known.
func (d *Datapath) AddEVPNHost(ip netip.Addr) { put(&d.evpnHosts, ip, true) }

// AddRemoteFDB records that an Ethernet address is behind a remote tunnel
// endpoint, given by its number.
func (d *Datapath) AddRemoteFDB(mac lflow.MAC, endpoint uint32) { put(&d.remoteFDB, mac, endpoint) }

func (x *exec) checkEVPNARP(a lflow.CheckEVPNARP) {
	b := x.p.get(a.IP).Bytes16()
	ip := netip.AddrFrom16(b)
	if a.IP.Width() == 32 {
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	x.p.set(a.Dst, bit(x.dp.evpnHosts[ip]))
}

// getRemoteFDB answers through reg1, as the flows of the agent do.
func (x *exec) getRemoteFDB(a lflow.GetRemoteFDB) {
	v := lflow.U(uint64(x.dp.remoteFDB[x.p.mac(a.MAC)]))
	x.p.set(lflow.Reg(1), v)
	x.p.set(a.Dst, v)
}
