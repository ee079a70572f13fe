package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/go-logr/logr/funcr"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
)

// The tables that pictures hold.
type (
	pictureSwitch struct {
		UUID string `ovsdb:"_uuid"`
		Name string `ovsdb:"name"`
	}
	pictureSet struct {
		UUID      string   `ovsdb:"_uuid"`
		Name      string   `ovsdb:"name"`
		Addresses []string `ovsdb:"addresses"`
	}
	pictureDatapath struct {
		UUID string            `ovsdb:"_uuid"`
		Key  int               `ovsdb:"tunnel_key"`
		IDs  map[string]string `ovsdb:"external_ids"`
	}
)

// watch connects clients: two of the Northbound, one of the Southbound database.
func (x *databases) watch(ctx context.Context) ([]client.Client, error) {
	var list []client.Client
	for i, db := range []string{"nb", "nb", "sb"} {
		c, err := x.picture(ctx, db, i%2)
		if err != nil {
			return list, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (x *databases) picture(ctx context.Context, db string, first int) (client.Client, error) {
	name, tables := "OVN_Northbound", map[string]model.Model{"Logical_Switch": &pictureSwitch{}, "Address_Set": &pictureSet{}}
	if db == "sb" {
		name, tables = "OVN_Southbound", map[string]model.Model{"Datapath_Binding": &pictureDatapath{}}
	}
	m, err := model.NewClientDBModel(name, tables)
	if err != nil {
		return nil, err
	}
	log := funcr.New(func(prefix, args string) {
		if strings.Contains(args, "rebuild cache") {
			x.t.Errorf("a client of %s was told what does not fit: %s", name, args)
		}
	}, funcr.Options{Verbosity: 3})
	options := []client.Option{
		client.WithLeaderOnly(true), client.WithLogger(&log),
		client.WithInactivityCheck(3*time.Second, 2*time.Second, backoff.NewConstantBackOff(50*time.Millisecond)),
	}
	for i := range x.nodes {
		options = append(options, client.WithEndpoint("unix:"+x.sock(x.nodes[(first+i)%2].name, db)))
	}
	c, err := client.NewOVSDBClient(m, options...)
	if err != nil {
		return nil, err
	}
	cctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	for {
		if err = c.Connect(cctx); err == nil || cctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	_, err = c.MonitorAll(cctx)
	return c, err
}

// account holds what lies in the database against what writers were told.
func (x *databases) account() error {
	d, err := x.dialLeader("nb")
	if err != nil {
		return err
	}
	defer d.close()
	switches, err := selectAll[pictureSwitchRow](d, "OVN_Northbound", "Logical_Switch")
	if err != nil {
		return err
	}
	sets, err := selectAll[pictureSetRow](d, "OVN_Northbound", "Address_Set")
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, s := range switches {
		there[s.Name] = true
	}
	for _, s := range sets {
		for _, a := range s.Addresses {
			there[s.Name+" "+a] = true
		}
	}
	var counts [3]int
	var errs []error
	for name, s := range x.truth.things {
		counts[s]++
		if s == present && !there[name] {
			errs = append(errs, fmt.Errorf("%s was acknowledged and is not there", name))
		}
	}
	for name := range there {
		if x.truth.things[name] == absent {
			errs = append(errs, fmt.Errorf("%s is there, and was refused, deleted, or lost with a backup", name))
		}
	}
	x.t.Logf("%d things acknowledged, %d gone, %d of unknown fate", counts[present], counts[absent], counts[either])
	// A backup that is put back late takes much away that was acknowledged.
	if counts[present] < 20 || counts[present]+counts[absent] < 200 {
		errs = append(errs, fmt.Errorf("of only %d things the fate is known, %d of them are to be there: nothing was tested", counts[present]+counts[absent], counts[present]))
	}
	return errors.Join(errs...)
}

// dialLeader connects to who leads.
func (x *databases) dialLeader(db string) (*dbConn, error) {
	return dialDB(context.Background(), x.sock(x.leader().name, db))
}

// compare waits until each client has what the databases have, and the
// Southbound database what follows from the Northbound.
func (x *databases) compare(pictures []client.Client) error {
	var why error
	for deadline := time.Now().Add(recovery); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if why = x.differences(pictures); why == nil {
			return nil
		}
	}
	return why
}

func (x *databases) differences(pictures []client.Client) error {
	north, err := x.dialLeader("nb")
	if err != nil {
		return err
	}
	defer north.close()
	south, err := x.dialLeader("sb")
	if err != nil {
		return err
	}
	defer south.close()
	switches, err := selectAll[pictureSwitchRow](north, "OVN_Northbound", "Logical_Switch")
	if err != nil {
		return err
	}
	sets, err := selectAll[pictureSetRow](north, "OVN_Northbound", "Address_Set")
	if err != nil {
		return err
	}
	paths, err := selectAll[pictureDatapathRow](south, "OVN_Southbound", "Datapath_Binding")
	if err != nil {
		return err
	}
	want := map[string][]string{}
	for _, s := range switches {
		want["nb"] = append(want["nb"], fmt.Sprint("switch ", s.UUID, s.Name))
		want["of nb"] = append(want["of nb"], s.Name)
	}
	for _, s := range sets {
		slices.Sort(s.Addresses)
		want["nb"] = append(want["nb"], fmt.Sprint("set ", s.UUID, s.Name, []string(s.Addresses)))
	}
	for _, p := range paths {
		want["sb"] = append(want["sb"], fmt.Sprint(p.UUID, p.Key, p.IDs["name"]))
		want["of sb"] = append(want["of sb"], p.IDs["name"])
	}
	if err := same("the Southbound database", want["of sb"], want["of nb"]); err != nil {
		return err
	}
	ctx := context.Background()
	for i, c := range pictures {
		var have []string
		db := "nb"
		if i == 2 {
			db = "sb"
			var list []pictureDatapath
			if err := c.List(ctx, &list); err != nil {
				return err
			}
			for _, p := range list {
				have = append(have, fmt.Sprint(p.UUID, p.Key, p.IDs["name"]))
			}
		} else {
			var list []pictureSwitch
			var sets []pictureSet
			if err := errors.Join(c.List(ctx, &list), c.List(ctx, &sets)); err != nil {
				return err
			}
			for _, s := range list {
				have = append(have, fmt.Sprint("switch ", s.UUID, s.Name))
			}
			for _, s := range sets {
				slices.Sort(s.Addresses)
				have = append(have, fmt.Sprint("set ", s.UUID, s.Name, s.Addresses))
			}
		}
		if err := same(fmt.Sprintf("client %d of %s", i, db), have, want[db]); err != nil {
			return err
		}
	}
	return nil
}

// same compares two lists as sets, and names the first differences.
func same(who string, have, want []string) error {
	slices.Sort(have)
	slices.Sort(want)
	if slices.Equal(have, want) {
		return nil
	}
	var text []string
	for _, h := range have {
		if _, ok := slices.BinarySearch(want, h); !ok {
			text = append(text, "has "+h)
		}
	}
	for _, w := range want {
		if _, ok := slices.BinarySearch(have, w); !ok {
			text = append(text, "lacks "+w)
		}
	}
	return fmt.Errorf("%s has %d, the database %d: %.500s", who, len(have), len(want), strings.Join(text, "; "))
}
