Console.WriteLine("usage: selection | api");
