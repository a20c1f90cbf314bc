# Draws rate against writers, and cost against stored messages. Called by picture.sh with results, output, date.
set terminal svg size 900,380 font 'sans-serif,12' background 'white'
set output output
set multiplot layout 1,2 title 'secmsg store, '.date
set grid
set key bottom right
set style data linespoints

set title 'Durable messages of 1.5 KB a second'
set xlabel 'writers'
set logscale x 2
set yrange [0:*]
plot results.'/writers.dat' using 1:2 title 'bare append and fdatasync' lw 2, \
     '' using 1:3 title 'store' lw 2

set title 'Cost, beside that with 1,000 messages'
set xlabel 'messages waiting'
set logscale x 10
set xrange [1000:*]
set format x '10^{%L}'
set yrange [0:2]
plot results.'/stock.dat' using 1:2 title 'put' lw 2, \
     '' using 1:3 title 'take' lw 2, \
     '' using 1:4 title 'open the store' lw 2, \
     1.5 title 'goal' dashtype 2 linecolor 'gray'
unset multiplot
