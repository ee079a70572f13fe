package chassisd

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	// Reports that somebody may wait for go out at once, so many in a row;
	// after that there is one each interval.
	burst    = 50
	interval = 20 * time.Millisecond
	// patience is how long after a change of nb_cfg somebody may wait for
	// claims to be seen; later than that they are reported with less haste, so
	// that a storm of claims is not one of reports.
	patience = 2 * time.Second
	calm     = time.Second
	// lazy is when a report is due that nobody waits for: only that newer
	// intent is in the switch.
	lazy = 5 * time.Second
	// maxErrors bounds what is said in etcd.
	maxErrors = 20
)

// reporter decides when /weft/status/<name> is written.
type reporter struct {
	chassis bool // events of chassis came in since the last update of the switch
	last    sb.Status
	claims  int // records.claims of it
	at      time.Time
	t       *time.Timer
	cfgAt   time.Time // when nb_cfg was last reported
	full    time.Time // when the whole burst may go out again
}

// saved is how long after the last report the next one may go out.
func (r *reporter) saved(now time.Time) time.Duration {
	early := r.full.Sub(now) - (burst-1)*interval
	if early <= 0 {
		return 0
	}
	return now.Add(early).Sub(r.at)
}

// spent notes a report.
func (r *reporter) spent(now time.Time) {
	if r.full.Before(now) {
		r.full = now
	}
	r.full = r.full.Add(interval)
}

func (r *reporter) timer() <-chan time.Time {
	if r.t == nil {
		return nil
	}
	return r.t.C
}

// due tells whether a status is to be reported now: when the count that northd
// waits for has changed, when there are other claims (claims), of this chassis
// or in its switch, when something went wrong or right; the rest now and then.
// Where it is not yet, the timer says when it may be.
func (r *reporter) due(s sb.Status, claims bool, now time.Time) bool {
	wait := lazy
	switch {
	case s.NBCfg != r.last.NBCfg:
		wait = 0
	case claims || !slices.Equal(s.Errors, r.last.Errors):
		if wait = calm; now.Sub(r.cfgAt) < patience {
			wait = 0
		}
	}
	wait = max(wait, r.saved(now))
	if left := r.at.Add(wait).Sub(now); left > 0 {
		if r.t != nil {
			r.t.Stop()
		}
		r.t = time.NewTimer(left)
		return false
	}
	if s.NBCfg != r.last.NBCfg {
		r.cfgAt = now
	}
	r.last, r.at = s, now
	r.spent(now)
	return true
}

// sendStatus reports what is in the switch.
func (a *Agent) sendStatus() {
	if a.phase != running {
		return
	}
	done := &a.updates.done
	s := sb.Status{Applied: done.nbRev, NBCfg: done.nbCfg, View: done.view, Errors: a.problems()}
	if len(s.Errors) > maxErrors {
		s.Errors = append(s.Errors[:maxErrors], fmt.Sprintf("and %d more", len(s.Errors)-maxErrors))
	}
	claims := a.report.claims != a.records.claims
	if claims || !statusEqual(s, a.report.last) {
		if !a.report.due(s, claims || done.chassis, a.cfg.Now()) {
			return
		}
		a.report.claims = a.records.claims
		if s.NBCfg != 0 {
			s.NBCfgTimestamp = a.report.cfgAt.UnixMilli()
		}
		a.records.status(s)
		a.ovs.bridge = true // ovn-nb-cfg
	}
	done.chassis = false
}

func statusEqual(a, b sb.Status) bool {
	return a.Applied == b.Applied && a.NBCfg == b.NBCfg && a.View == b.View && slices.Equal(a.Errors, b.Errors)
}

// problems lists what is wrong, in a fixed order.
func (a *Agent) problems() []string {
	var out []string
	for _, p := range a.probs {
		out = append(out, "external_ids:"+p.String())
	}
	out = append(out, a.errors.list()...)
	out = append(out, a.dec.problems()...)
	out = append(out, a.loc.doubles()...)
	out = append(out, a.ovs.problems()...)
	out = append(out, a.records.problems(a.cfg.Now())...)
	if a.of != nil {
		out = append(out, switchProblems(a.of.Status())...)
	}
	if a.checkErr != nil {
		out = append(out, a.checkErr.Error())
	}
	return out
}

// complaints are what is wrong, by who has found it.
type complaints map[string][]string

// set replaces what somebody has found.
func (c complaints) set(owner string, errs []string) {
	delete(c, owner)
	if len(errs) > 0 {
		c[owner] = errs
	}
}

func (c complaints) list() (out []string) {
	for _, k := range slices.Sorted(maps.Keys(c)) {
		out = append(out, c[k]...)
	}
	return out
}

// switchProblems lists what the switch does not take and what is wanted in two
// ways.
func switchProblems(s ofctrl.Status) (out []string) {
	for i := range s.Refused[:min(len(s.Refused), maxErrors)] {
		out = append(out, s.Refused[i].String())
	}
	for _, c := range s.Contests {
		out = append(out, "contested: "+c)
	}
	return out
}

// tellProblems logs what went wrong or right since the last time.
func (a *Agent) tellProblems() {
	now := map[string]bool{}
	for _, p := range a.problems() {
		now[p] = true
		if !a.logged[p] {
			a.log.Warn("problem", "what", p)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(a.logged)) {
		if !now[p] {
			a.log.Info("problem solved", "what", p)
		}
	}
	a.logged = now
}
