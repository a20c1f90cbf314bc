"""With many connections registering ends first, then sending; reading never."""
LIMIT = '--max-connections=16'


def someone(house):
    """A connection that is counted, and says nothing more."""
    process = house.start('--plain', LIMIT)
    assert ask(process, 'PING') == 'OK'
    return process


def ask(process, line):
    process.channel.write(line.encode() + b'\n')
    return process.channel.line().decode()


def is_refused(process, line):
    """Busy, with a time to wait: then the connection is over."""
    answer = ask(process, line)
    process.channel.rest()
    process.wait()
    return answer.startswith('ERR busy retry-after=30 ')


def test_the_order_of_refusals(house):
    """At each side of each threshold, of 16 connections: from 13 on nobody registers, at 16 nobody sends, and each is
    told when to try again; what waits can be read all the while."""
    house.keep_secret('geheim-a')
    house.plain('REGISTER alice geheim-a\nCOMPOSE alice\none\nCOMPOSE alice\ntwo\nEXIT\n')
    crowd = [someone(house) for _ in range(12)]
    assert ask(crowd[0], 'REGISTER bob geheim-a') == 'OK'
    crowd.append(someone(house))
    assert is_refused(crowd.pop(1), 'REGISTER carol geheim-a')
    crowd += [someone(house) for _ in range(3)]
    reader = crowd[2]
    assert ask(reader, 'LOGIN alice geheim-a') == 'OK 2'
    assert ask(reader, 'COMPOSE alice\nthree').startswith('OK ')
    crowd.append(someone(house))
    assert ask(reader, 'READ').startswith('MESSAGE ')
    assert [reader.channel.line() for _ in range(2)] == [b'one', b'.']
    assert is_refused(reader, 'COMPOSE alice\nfour')
