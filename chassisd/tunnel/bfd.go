package tunnel

import "strconv"

// BFD is how the switch watches a tunnel, as far as somebody has said so: 0 is the
// switch's own choice. Times are in milliseconds. They are those of columns
// Interface.bfd, ovs-vswitchd.conf.db(5), and of bfd-… in the options of NB_Global.
type BFD struct {
	MinRX      int // least time between two packets that are received; 1000
	MinTX      int // and that are sent; 100, and 1000 until the other end answers
	DecayMinRX int // in place of MinRX while there is no traffic; off
	Mult       int // how many packets must fail to appear before a tunnel is down; 3
}

// Column is column bfd of the interface of a tunnel that is watched, as OVN's
// controller writes it.
func (b BFD) Column() map[string]string {
	m := map[string]string{"enable": "true"}
	for key, v := range map[string]int{"min_rx": b.MinRX, "min_tx": b.MinTX, "decay_min_rx": b.DecayMinRX, "mult": b.Mult} {
		if v != 0 {
			m[key] = strconv.Itoa(v)
		}
	}
	return m
}
