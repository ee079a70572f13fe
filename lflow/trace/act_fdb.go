package trace

import "github.com/weft-sdn/weft/lflow"

// putFDB: a port that there is not is learned by nobody.
func (x *exec) putFDB(a lflow.PutFDB) {
	if port := x.port(x.p.text(a.Port)); port != nil {
		k := learnedMAC{x.dp, x.p.mac(a.MAC)}
		x.learn(func(l *Learned) { put(&l.fdb, k, port.Key) })
	}
}

// behind returns the key of the port that an Ethernet address is behind.
func (x *exec) behind(mac lflow.MAC) (key uint32, ok bool) {
	if key, ok = x.learned().fdb[learnedMAC{x.dp, mac}]; !ok {
		key, ok = x.dp.fdb[mac]
	}
	return key, ok
}

func (x *exec) lookupFDB(a lflow.LookupFDB) {
	port := x.port(x.p.text(a.Port))
	key, ok := x.behind(x.p.mac(a.MAC))
	found := ok && port != nil && port.Key == key
	x.p.set(a.Dst, bit(found))
	if found {
		x.super.addf(Action, "/* MAC lookup for %s found in FDB. */", x.p.mac(a.MAC))
	} else {
		x.super.add(Action, "/* lookup mac failed in mac learning table. */")
	}
}

func (x *exec) getFDB(a lflow.GetFDB) {
	key, _ := x.behind(x.p.mac(a.MAC))
	if !a.Dst.Symbol().IsString() {
		x.p.set(a.Dst, lflow.U(uint64(key)))
		return
	}
	name := ""
	if port := x.dp.ports[key]; port != nil {
		name = port.Name
	}
	x.p.setText(a.Dst, name)
}
