package trace

import "github.com/weft-sdn/weft/lflow"

func (x *exec) lookupFDB(a lflow.LookupFDB) {
	port := x.port(x.p.text(a.Port))
	key, ok := x.dp.fdb[x.p.mac(a.MAC)]
	found := ok && port != nil && port.Key == key
	x.p.set(a.Dst, bit(found))
	if found {
		x.super.addf(Action, "/* MAC lookup for %s found in FDB. */", x.p.mac(a.MAC))
	} else {
		x.super.add(Action, "/* lookup mac failed in mac learning table. */")
	}
}

func (x *exec) getFDB(a lflow.GetFDB) {
	key := x.dp.fdb[x.p.mac(a.MAC)]
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
