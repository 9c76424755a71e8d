// One line per benchmark. Each prints one line of JSON with its figures last.
return args switch
{
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: bash eng/bench.sh selection | api");
    return 2;
}
