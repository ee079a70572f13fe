package trace

import "github.com/weft-sdn/weft/lflow"

// check answers a question from what was learned.
func (x *exec) check(a lflow.Check) {
	var yes bool
	switch a.Kind {
	case lflow.CheckLBHairpin:
		_, yes = x.hairpinned()
		x.super.addf(Change, "%s = %d", a.Dst, bit(yes).Lo)
	case lflow.CheckLBHairpinReply:
		yes = x.hairpinReply()
		x.super.addf(Change, "%s = %d", a.Dst, bit(yes).Lo)
	case lflow.CheckECMPNextHopMAC:
		yes = x.ecmpNextHop(true)
	case lflow.CheckECMPNextHop:
		yes = x.ecmpNextHop(false)
	case lflow.CheckLBAffinity:
		yes = x.lbAffinity()
	}
	x.p.set(a.Dst, bit(yes))
}
