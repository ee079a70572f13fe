package trace

import "github.com/weft-sdn/weft/lflow"

func (x *exec) putMAC(a lflow.PutMAC) {
	k := learnedBinding{x.dp, binding{x.p.text(a.Port), x.p.get(a.IP), a.V6}}
	mac := x.p.mac(a.MAC)
	x.learn(func(l *Learned) { put(&l.macs, k, mac) })
}

func (x *exec) binding(port, ip lflow.Field, v6 bool) (lflow.MAC, bool) {
	b := binding{x.p.text(port), x.p.get(ip), v6}
	mac, ok := x.dp.fixed[b]
	if !ok {
		mac, ok = x.learned().macs[learnedBinding{x.dp, b}]
	}
	if !ok {
		mac, ok = x.dp.macs[b]
	}
	return mac, ok
}

func (x *exec) getMAC(a lflow.GetMAC) {
	mac, ok := x.binding(a.Port, a.IP, a.V6)
	if ok {
		x.super.addf(Action, "/* MAC binding to %s. */", mac)
	} else {
		x.super.add(Action, "/* No MAC binding. */")
	}
	x.store(lflow.EthDst, macValue(mac), lflow.EthDst)
}

func (x *exec) lookupMAC(a lflow.LookupMAC) {
	mac, ok := x.binding(a.Port, a.IP, a.V6)
	ok = ok && mac == x.p.mac(a.MAC)
	x.p.set(a.Dst, bit(ok))
	if ok {
		x.super.addf(Action, "/* MAC binding to %s found. */", mac)
	} else {
		x.super.add(Action, "/* lookup failed - No MAC binding. */")
	}
}

func (x *exec) lookupIP(a lflow.LookupIP) {
	_, ok := x.binding(a.Port, a.IP, a.V6)
	x.p.set(a.Dst, bit(ok))
	if ok {
		x.super.add(Action, "/* MAC binding found. */")
	} else {
		x.super.add(Action, "/* lookup failed - No MAC binding. */")
	}
}
