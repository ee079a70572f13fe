package main

import (
	"regexp"
	"slices"
	"testing"
)

func TestScenes(t *testing.T) {
	var names []string
	for _, s := range scenes() {
		for _, f := range s.figures {
			names = append(names, f.name)
		}
	}
	for _, g := range growths {
		for _, of := range []string{g.few, g.many} {
			if !slices.Contains(names, of) {
				t.Errorf("%s is made of %s, which no scene measures", g.name, of)
			}
			if only := regexp.MustCompile("^" + g.name + "$"); !wanted(only, of) {
				t.Errorf("%s is asked for, and %s is not wanted", g.name, of)
			}
		}
		names = append(names, g.name)
	}
	slices.Sort(names)
	for i, name := range names[1:] {
		if name == names[i] {
			t.Errorf("two figures are called %s", name)
		}
	}
	if only := regexp.MustCompile("^acl-"); wanted(only, "address-set-add", "port-add-to-flows-100-ports-50-local") {
		t.Error("a figure is wanted that nobody asked for")
	}
}

// What is not measured is said, with the reason, and has no figures.
func TestNoSystems(t *testing.T) {
	var said []string
	if err := daemons(t.Context(), regexp.MustCompile("^agent-"), []string{"none"}, nil, func(l string) { said = append(said, l) }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"# weft is not measured: it is not among -sides", "# ovn is not measured: it is not among -sides"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}
