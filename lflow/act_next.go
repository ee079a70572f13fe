package lflow

import "strconv"

// Next continues in another table of a pipeline. The zero value means the
// table behind the one in which the action stands.
type Next struct {
	// Jump says that Pipeline and Table are given.
	Jump     bool
	Pipeline Pipeline // SamePipeline unless it is the other one
	Table    uint8
}

func (n Next) Append(b []byte) []byte {
	b = append(b, "next"...)
	if n.Jump {
		b = append(b, '(')
		if n.Pipeline != SamePipeline {
			b = append(append(append(b, "pipeline="...), n.Pipeline.String()...), ", table="...)
		}
		b = append(strconv.AppendUint(b, uint64(n.Table), 10), ')')
	}
	return append(b, ';')
}

func (Next) Prerequisites(es []*Expr) []*Expr { return es }

func parseNext(p *actionParser) (Action, *Error) {
	pos, tables := p.tok.pos, p.at.Tables
	if tables == 0 {
		tables = 256
	}
	table, pipeline := p.at.Table+1, p.at.Pipeline
	if p.accept(tokLParen) {
		if p.tok.kind == tokInteger {
			n, err := p.integer("a table number", 255)
			if err != nil {
				return nil, err
			}
			table = int(n)
		} else if err := p.nextArguments(&pipeline, &table); err != nil {
			return nil, err
		}
		if err := p.expect(tokRParen); err != nil {
			return nil, err
		}
	}
	if pipeline != p.at.Pipeline && p.at.Tables != 0 {
		tables = pipeline.stages()
	}
	if table >= tables {
		return nil, errorf(pos, CodeContext, "there is no table %d; the last one is %d", table, tables-1)
	}
	switch {
	case pipeline != p.at.Pipeline:
		return Next{Jump: true, Pipeline: pipeline, Table: uint8(table)}, nil
	case table != p.at.Table+1:
		return Next{Jump: true, Table: uint8(table)}, nil
	}
	return Next{}, nil
}

// nextArguments parses `pipeline=…, table=…' in any order.
func (p *actionParser) nextArguments(pipeline *Pipeline, table *int) *Error {
	for {
		name := p.tok
		if name.kind != tokIdent || name.text != "pipeline" && name.text != "table" {
			return p.expected("a table number, `pipeline=' or `table='")
		}
		p.advance()
		if err := p.expect(tokAssign); err != nil {
			return err
		}
		if name.text == "table" {
			n, err := p.integer("a table number", 255)
			if err != nil {
				return err
			}
			*table = int(n)
		} else {
			switch {
			case p.tok.kind == tokIdent && p.tok.text == "ingress":
				*pipeline = Ingress
			case p.tok.kind == tokIdent && p.tok.text == "egress":
				*pipeline = Egress
			default:
				return p.expected("`ingress' or `egress'")
			}
			p.advance()
		}
		if !p.accept(tokComma) {
			return nil
		}
	}
}
