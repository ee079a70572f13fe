package chassisd

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
)

// metric is one figure of the agent.
type metric struct {
	name, help string
	kind       prometheus.ValueType
	value      func(*figures) float64
}

// figures are read together, in the agent's goroutine.
type figures struct {
	of                       ofctrl.Status
	view                     view.State
	packets                  map[string]duty.Stats
	bound, tunnels, problems int
	last                     incr.Stats
	contested                int
	changes                  changes
}

func metrics() []metric {
	const gauge, counter = prometheus.GaugeValue, prometheus.CounterValue
	return []metric{
		{"flows_desired", "OpenFlow flows that must be in the switch", gauge, func(f *figures) float64 { return float64(f.of.Desired) }},
		{"flows_installed", "OpenFlow flows known to be in the switch", gauge, func(f *figures) float64 { return float64(f.of.Installed) }},
		{"flow_adds_total", "OpenFlow flows added or changed", counter, func(f *figures) float64 { return float64(f.of.FlowAdds) }},
		{"flow_deletes_total", "OpenFlow flows deleted", counter, func(f *figures) float64 { return float64(f.of.FlowDeletes) }},
		{"flow_drift_missing_total", "OpenFlow flows found missing that were left in the switch", counter, func(f *figures) float64 { return float64(f.of.Drift.FlowsMissing) }},
		{"flow_drift_altered_total", "OpenFlow flows found to differ from what was left in the switch", counter, func(f *figures) float64 { return float64(f.of.Drift.FlowsAltered) }},
		{"flow_drift_foreign_total", "OpenFlow flows found that were not left in the switch", counter, func(f *figures) float64 { return float64(f.of.Drift.FlowsForeign) }},
		{"group_drift_total", "OpenFlow groups found otherwise than they were left", counter, func(f *figures) float64 { return float64(f.of.Drift.Groups) }},
		{"meter_drift_total", "OpenFlow meters found otherwise than they were left", counter, func(f *figures) float64 { return float64(f.of.Drift.Meters) }},
		{"flows_contested", "flows, groups and meters that are wanted in two ways", gauge, func(f *figures) float64 { return float64(f.of.Contested) }},
		{"flow_changes_total", "changes that changed flows and are in the switch", counter, func(f *figures) float64 { return float64(f.changes.n) }},
		{"flow_changes_computed_seconds_total", "time that they took the agent, from their arrival to the flows", counter, func(f *figures) float64 { return f.changes.computed.Seconds() }},
		{"flow_changes_seconds_total", "time that they took, from their arrival to the switch's barrier", counter, func(f *figures) float64 { return f.changes.took.Seconds() }},
		{"flow_refusals_total", "flows, groups and meters that the switch refused", counter, func(f *figures) float64 { return float64(f.of.Refusals) }},
		{"switch_connects_total", "connections made to the switch", counter, func(f *figures) float64 { return float64(f.of.Connects) }},
		{"packet_ins_total", "packets that the switch sent", counter, func(f *figures) float64 { return float64(f.of.PacketIns) }},
		{"packet_in_drops_total", "packets from the switch that found the queue full", counter, func(f *figures) float64 { return float64(f.of.PacketInDrops) }},
		{"packet_outs_total", "packets sent into the switch", counter, func(f *figures) float64 { return float64(f.of.PacketOuts) }},
		{"etcd_rereads_total", "complete readings of etcd", counter, func(f *figures) float64 { return float64(f.view.Rereads) }},
		{"etcd_revision", "newest revision of etcd seen", gauge, func(f *figures) float64 { return float64(f.view.Revision) }},
		{"etcd_connected", "1 while etcd answers", gauge, func(f *figures) float64 { return boolean(f.view.Connected) }},
		{"records_contested_total", "own keys found changed by somebody else", counter, func(f *figures) float64 { return float64(f.contested) }},
		{"ports_bound", "logical ports bound here", gauge, func(f *figures) float64 { return float64(f.bound) }},
		{"tunnels", "tunnel ports that the switch has", gauge, func(f *figures) float64 { return float64(f.tunnels) }},
		{"problems", "what is wrong, as the status lists it", gauge, func(f *figures) float64 { return float64(f.problems) }},
		{"rows_evaluated", "row functions called by the last commit", gauge, func(f *figures) float64 { return float64(f.last.Evaluated) }},
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Collector gives the agent's figures to Prometheus, as weft_chassisd_….
func (a *Agent) Collector() prometheus.Collector {
	c := &collector{a: a, packets: prometheus.NewDesc("weft_chassisd_packets_total",
		"packets that the switch sent, by logical action and by what became of them", []string{"action", "result"}, nil)}
	for _, m := range metrics() {
		c.descs = append(c.descs, prometheus.NewDesc("weft_chassisd_"+m.name, m.help, nil, nil))
	}
	for _, f := range a.duties.Figures() {
		c.duties = append(c.duties, prometheus.NewDesc("weft_chassisd_"+f.Name, f.Help, nil, nil))
	}
	return c
}

type collector struct {
	a       *Agent
	descs   []*prometheus.Desc
	duties  []*prometheus.Desc // of the duties' figures
	packets *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range append(slices.Clone(c.descs), c.duties...) {
		out <- d
	}
	out <- c.packets
}

// Collect implements prometheus.Collector. An agent that does not run tells
// nothing.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var f figures
	if err := c.a.do(ctx, func() { f = c.a.figures() }); err != nil {
		return
	}
	for i, m := range metrics() {
		out <- prometheus.MustNewConstMetric(c.descs[i], m.kind, m.value(&f))
	}
	for i, f := range c.a.duties.Figures() {
		kind := prometheus.GaugeValue
		if f.Counter {
			kind = prometheus.CounterValue
		}
		out <- prometheus.MustNewConstMetric(c.duties[i], kind, f.Value())
	}
	for action, s := range f.packets {
		for result, n := range map[string]uint64{"handled": s.Handled, "limited": s.Limited, "bad": s.Bad, "unsent": s.Unsent} {
			out <- prometheus.MustNewConstMetric(c.packets, prometheus.CounterValue, float64(n), action, result)
		}
	}
}

func (a *Agent) figures() figures {
	f := figures{
		bound: len(a.ports.bound), tunnels: a.t.Tunnels.Len(), problems: len(a.problems()), last: a.last, contested: a.records.written.Contested,
		changes: a.updates.changes,
	}
	if a.of != nil {
		f.of, f.packets = a.of.Status(), a.duties.Stats()
	}
	if a.link != nil {
		f.view = a.link.view.State()
	}
	return f
}
