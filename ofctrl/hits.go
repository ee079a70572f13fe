package ofctrl

import "github.com/weft-sdn/weft/ofctrl/ofp"

// AskHits asks for how many packets the flows of a table with a cookie have seen;
// Config.Hits is told. It goes the way of packets, and is lost where one would be.
func (c *Controller) AskHits(table uint8, cookie uint64) error {
	return c.pkt.enqueue(ofp.AppendFlowDescRequestOf(nil, 0, table, cookie, ^uint64(0)), &c.pkt.outs)
}

// hits takes a part of an answer. What is not ours is left out.
func (p *packets) hits(msg []byte) error {
	typ, _, body, err := ofp.ParseMultipart(msg[8:])
	if err != nil || typ != ofp.MultipartFlowDesc || p.cfg.Hits == nil {
		return err
	}
	var all []ofp.Hits
	var m ofp.MatchBuilder
	for len(body) > 0 {
		var d ofp.FlowDesc
		if body, err = ofp.ParseFlowDesc(body, &d); err != nil {
			return err
		}
		m.Reset()
		if m.Decode(d.OXM) == nil {
			all = append(all, ofp.Hits{Table: d.Table, Match: m.Match(), Packets: d.Stats.Packets})
		}
	}
	p.cfg.Hits(all)
	return nil
}
