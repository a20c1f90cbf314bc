# Finds functions of more than 60 lines or five parameters, in C laid out by .clang-format: a function's body
# lies between a line `{` and a line `}`, and its signature is the text above back to an empty line, a
# comment, a preprocessor line or the end of what came before.

# Parameters of a signature: commas outside inner parentheses, plus one.
function count_parameters(text,    depth, n, i, c) {
    depth = 0
    n = 1
    for (i = index(text, "("); i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "(") {
            depth++
        } else if (c == ")") {
            if (--depth == 0) {
                break
            }
        } else if (c == "," && depth == 1) {
            n++
        }
    }
    return n
}

FNR == 1 {
    signature = ""
    inside = 0
}

/^\{$/ {
    inside = 1
    if (count_parameters(signature) > 5) {
        printf "%s:%d: %d parameters, five are allowed\n", FILENAME, start, count_parameters(signature)
    }
    next
}

/^\}/ {
    if (inside && FNR - start + 1 > 60) {
        printf "%s:%d: a function of %d lines, 60 are allowed\n", FILENAME, start, FNR - start + 1
    }
    inside = 0
    signature = ""
    next
}

inside { next }

/^$/ || /^#/ || /\*\/$/ || /;$/ {
    signature = ""
    next
}

{
    if (signature == "") {
        start = FNR
    }
    signature = signature $0 " "
}
